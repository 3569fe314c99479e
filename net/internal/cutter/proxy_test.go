// SPDX-License-Identifier: MIT

package cutter_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/cutter"
)

func TestPlanPerConnection(t *testing.T) {
	w := newWorld(t, "tcp", "tcp")
	var asked []int
	w.proxy.SetPlan(func(n int) cutter.Plan {
		asked = append(asked, n)
		if n == 1 {
			return cutter.Plan{CutUp: cutter.After(2)}
		}
		return cutter.Plan{}
	})
	for n := range 3 {
		near := w.dial()
		far := w.accepted()
		exchange(t, near, far, "ab")
		if n == 1 {
			_, err := far.Read(make([]byte, 1))
			require.Equal(t, io.EOF, err)
		} else {
			exchange(t, near, far, "cd")
		}
		require.Equal(t, n+1, w.proxy.Connections())
	}
	require.Equal(t, []int{0, 1, 2}, asked)
	w.proxy.SetPlan(nil)
	near := w.dial()
	exchange(t, near, w.accepted(), "ab")
}

func TestCutBreaksWhatIsThere(t *testing.T) {
	for _, how := range []cutter.Break{cutter.FIN, cutter.RST, cutter.HalfClose} {
		w := newWorld(t, "tcp", "tcp")
		w.proxy.Cut(how) // nothing is there
		var ends []net.Conn
		for range 5 {
			near, far := w.connect(cutter.Plan{})
			exchange(t, near, far, "hello")
			ends = append(ends, near, far)
		}
		require.Equal(t, 5, w.proxy.Active())
		w.proxy.Cut(how)
		require.Zero(t, w.proxy.Active())
		for _, c := range ends {
			_, err := c.Read(make([]byte, 1))
			require.True(t, how == cutter.RST && isReset(err) || how != cutter.RST && err == io.EOF, "%v", err)
		}
		near, far := w.connect(cutter.Plan{})
		exchange(t, near, far, "later ones are not touched")
	}
}

func TestCutDuringTrafficLosesNoOrder(t *testing.T) {
	w := newWorld(t, "tcp", "tcp")
	for range 20 {
		near, far := w.connect(cutter.Plan{})
		sent := noise(1 << 20)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = near.Write(sent) })
		wg.Go(func() {
			_, _ = io.CopyN(io.Discard, far, 64<<10)
			w.proxy.Cut(cutter.FIN)
		})
		wg.Wait()
		rest, err := io.ReadAll(far)
		require.NoError(t, err)
		up, _ := w.proxy.Bytes(w.proxy.Connections() - 1)
		require.EqualValues(t, up, 64<<10+len(rest))
		require.Equal(t, string(sent[64<<10:up]), string(rest))
		require.NoError(t, near.Close())
		require.NoError(t, far.Close())
	}
}

func TestCutReachesWhatIsNotConnectedYet(t *testing.T) {
	for _, how := range []cutter.Break{cutter.RST, cutter.Blackhole} {
		w := newWorld(t, "tcp", "tcp")
		dialling := make(chan struct{})
		w.proxy.SetDial(func(ctx context.Context) (net.Conn, error) {
			close(dialling)
			<-ctx.Done()
			return nil, ctx.Err()
		})
		near := w.dial()
		<-dialling
		w.proxy.Cut(how)
		if how == cutter.Blackhole {
			silent(t, near)
			w.proxy.Cut(cutter.RST)
		}
		_, err := near.Read(make([]byte, 1))
		require.True(t, isReset(err), "%v", err)
	}
}

func TestRefuse(t *testing.T) {
	w := newWorld(t, "tcp", "tcp")
	near, far := w.connect(cutter.Plan{})
	w.proxy.Refuse(true)
	for range 3 {
		w.isClosed()
	}
	require.Equal(t, 3, w.proxy.Refused())
	exchange(t, near, far, "present ones stay")
	w.proxy.Refuse(false)
	near, far = w.connect(cutter.Plan{})
	exchange(t, near, far, "hello again")
	require.Equal(t, 2, w.proxy.Connections())
	require.Empty(t, w.conns)
}

func TestStopListeningAndListen(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		w := newWorld(t, network, network)
		near, far := w.connect(cutter.Plan{})
		addr := w.proxy.Addr()
		for range 3 {
			w.proxy.StopListening()
			w.proxy.StopListening()
			_, err := net.Dial(network, addr)
			require.Error(t, err)
			exchange(t, near, far, "present ones stay")
			require.NoError(t, w.proxy.Listen())
			require.NoError(t, w.proxy.Listen())
			require.Equal(t, addr, w.proxy.Addr())
			again, there := w.connect(cutter.Plan{})
			exchange(t, again, there, "hello again")
		}
		w.proxy.Close()
		require.ErrorIs(t, w.proxy.Listen(), net.ErrClosed)
	}
}

func TestListenWaitsForItsAddress(t *testing.T) {
	w := newWorld(t, "tcp", "tcp")
	w.proxy.StopListening()
	other, err := net.Listen("tcp", w.proxy.Addr())
	require.NoError(t, err)
	go func() {
		<-time.After(quiet)
		_ = other.Close()
	}()
	require.NoError(t, w.proxy.Listen())
	near, far := w.connect(cutter.Plan{})
	exchange(t, near, far, "hello")
}

func TestCloseDuringTraffic(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		w := newWorld(t, network, network)
		var wg sync.WaitGroup
		for i := range 8 {
			near, far := w.connect(cutter.Plan{Chunk: i * 1000, Delay: time.Duration(i%2) * time.Hour})
			for _, c := range []net.Conn{near, far} {
				wg.Go(func() { _, _ = io.Copy(c, endless{}) }) // ends when the proxy has closed
				wg.Go(func() { _, _ = io.Copy(io.Discard, c) })
			}
		}
		for range 4 {
			wg.Go(w.proxy.Close)
		}
		wg.Wait()
		require.Zero(t, w.proxy.Active())
		_, err := net.Dial(network, w.proxy.Addr())
		require.Error(t, err)
		w.proxy.Close()
	}
}

// endless is bytes without end.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }
