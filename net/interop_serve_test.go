// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// The options of libzmq's REQ that have it tell replies apart, and not wait for them.
var theirReqs = []pyzmq.Options{
	nil,
	{"REQ_CORRELATE": true},
	{"REQ_RELAXED": true},
	{"REQ_CORRELATE": true, "REQ_RELAXED": true},
}

// Many REQs of libzmq, with all options, are served at once, and each gets its own answers
// (D-REQ-04).
func TestLibzmqServe(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		for _, side := range sides {
			t.Run(scheme.name+"/"+side.name, func(t *testing.T) {
				t.Parallel()
				rep, _ := made(t, mq.NewRep)
				if side.mq {
					require.NoError(t, rep.Bind(scheme.addr(t)))
				}
				defer serving(t, rep, func(_ context.Context, m mq.Message) (mq.Message, error) {
					return mq.NewMessage([]byte("re"), m.Data), nil
				})()
				var wg sync.WaitGroup
				for i := range 3 * len(theirReqs) {
					s := newTheirs(t, p, "REQ", theirReqs[i%len(theirReqs)])
					if side.mq {
						require.NoError(t, s.Connect(rep.Addr()))
					} else {
						at, err := s.Bind(scheme.addr(t))
						require.NoError(t, err)
						require.NoError(t, rep.Connect(at))
					}
					wg.Go(func() {
						for n := range 50 {
							text := fmt.Sprint(i, " ", n)
							assert.NoError(t, s.Send([]byte(text)))
							got, err := s.Recv(longest)
							assert.NoError(t, err)
							assert.Equal(t, parts("re", text), got)
						}
					})
				}
				wg.Wait()
				require.Zero(t, rep.Stats().Dropped)
			})
		}
	}
}

// A REQ that asks again before it has its answer gets that to its last question, also if
// the other comes first, or later (D-REQ-02, D-REQ-03, D-REQ-05).
func TestLibzmqServeRelaxed(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		rep, _ := made(t, mq.NewRep)
		require.NoError(t, rep.Bind(scheme.addr(t)))
		var release sync.Map // by question, what is closed when it may be answered
		defer serving(t, rep, func(_ context.Context, m mq.Message) (mq.Message, error) {
			if gate, ok := release.Load(string(m.Data)); ok {
				<-gate.(chan struct{})
			}
			return mq.NewMessage([]byte("re"), m.Data), nil
		})()
		s := newTheirs(t, p, "REQ", theirReqs[3])
		require.NoError(t, s.Connect(rep.Addr()))
		other := newTheirs(t, p, "REQ")
		require.NoError(t, other.Connect(rep.Addr()))
		for i, late := range []bool{false, true, false, true} {
			first, second := fmt.Sprint("first ", i), fmt.Sprint("second ", i)
			gates := map[string]chan struct{}{first: make(chan struct{}), second: make(chan struct{})}
			for text, gate := range gates {
				release.Store(text, gate)
			}
			require.NoError(t, s.Send([]byte(first)))
			require.NoError(t, s.Send([]byte(second)))
			require.NoError(t, other.Send([]byte("meanwhile"))) // a slow handler holds up nobody
			got, err := other.Recv(longest)
			require.NoError(t, err)
			require.Equal(t, parts("re", "meanwhile"), got)
			order := []string{first, second}
			if late {
				order = []string{second, first}
			}
			for j, text := range order {
				close(gates[text])
				if j == 0 && !late {
					_, err := s.Recv(moment)
					require.ErrorIs(t, err, pyzmq.ErrTimeout, "it is not the answer to the last question")
				}
			}
			got, err = s.Recv(longest)
			require.NoError(t, err)
			require.Equal(t, parts("re", second), got)
		}
	}
}

// What a DEALER has asked at once is answered as it is ready, with its envelope. A handler
// that fails, or panics, ends neither the others nor the server.
func TestLibzmqServeDealer(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		rep, heard := made(t, mq.NewRep, mq.WithHandlers(10), mq.WithErrorReply(func(err error) mq.Message {
			if panicked, ok := errors.AsType[*mq.PanicError](err); ok {
				return mq.Text("panic", fmt.Sprint(panicked.Value))
			}
			return mq.Text("error", err.Error())
		}))
		require.NoError(t, rep.Bind(scheme.addr(t)))
		gate := make(chan struct{})
		defer serving(t, rep, func(_ context.Context, m mq.Message) (mq.Message, error) {
			switch text := string(m.Data); {
			case text == "slow":
				<-gate
			case strings.HasPrefix(text, "error"):
				return mq.Message{}, errors.New(text)
			case strings.HasPrefix(text, "panic"):
				panic(text)
			}
			return m, nil
		})()
		s := newTheirs(t, p, "DEALER")
		require.NoError(t, s.Connect(rep.Addr()))
		for i, text := range []string{"slow", "error", "panic", "quick"} {
			require.NoError(t, s.Send([]byte{byte(i)}, []byte("x"), nil, []byte(text)))
		}
		want := map[byte][][]byte{1: parts("error", "error"), 2: parts("panic", "panic"), 3: parts("quick")}
		for len(want) > 0 {
			got, err := s.Recv(longest)
			require.NoError(t, err)
			require.Greater(t, len(got), 3)
			sameParts(t, append([][]byte{got[0], []byte("x"), nil}, want[got[0][0]]...), got)
			delete(want, got[0][0])
		}
		heard.wait(t, mq.EventHandlerFailed, 2)
		close(gate)
		got, err := s.Recv(longest)
		require.NoError(t, err)
		sameParts(t, [][]byte{{0}, []byte("x"), nil, []byte("slow")}, got)
	}
}

// A client that is killed while its request is handled costs its answer, and no more; and
// the end of Serve lets handlers finish.
func TestLibzmqServeClientKilled(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		killed, p := pyzmq.Start(t), pyzmq.Start(t)
		rep, heard := made(t, mq.NewRep, mq.WithLinger(longest))
		require.NoError(t, rep.Bind(scheme.addr(t)))
		asked, gate := make(chan string), make(chan struct{})
		stop := serving(t, rep, func(_ context.Context, m mq.Message) (mq.Message, error) {
			asked <- string(m.Data)
			<-gate
			return m, nil
		})
		s, gone := newTheirs(t, p, "REQ"), newTheirs(t, killed, "REQ")
		for text, s := range map[string]*pyzmq.Socket{"killed": gone, "stays": s} {
			require.NoError(t, s.Connect(rep.Addr()))
			require.NoError(t, s.Send([]byte(text)))
			require.Equal(t, text, <-asked)
		}
		killed.Kill()
		heard.wait(t, mq.EventDisconnected, 1)
		var wg sync.WaitGroup
		wg.Go(stop)
		close(gate)
		wg.Wait()
		got, err := s.Recv(longest)
		require.NoError(t, err)
		require.Equal(t, parts("stays"), got)
		require.Equal(t, uint64(1), rep.Stats().Dropped)
	}
}
