// SPDX-License-Identifier: MIT

package cutter_test

import (
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/cutter"
)

// eachCut runs a connection for each of the bytes at which it can break.
func eachCut(t *testing.T, breaks []cutter.Break, run func(t *testing.T, w *world, up bool, n int64, plan cutter.Plan)) {
	for _, network := range []string{"tcp", "unix"} {
		for _, up := range []bool{true, false} {
			for _, how := range breaks {
				t.Run(fmt.Sprintf("%s/up=%v/break=%d", network, up, how), func(t *testing.T) {
					w := newWorld(t, network, network)
					for n := range int64(8) {
						plan := cutter.Plan{Break: how, Chunk: int(n % 3)}
						if up {
							plan.CutUp = cutter.After(n)
						} else {
							plan.CutDown = cutter.After(n)
						}
						run(t, w, up, n, plan)
					}
				})
			}
		}
	}
}

const text = "1234567"

func TestCutIsExact(t *testing.T) {
	breaks := []cutter.Break{cutter.FIN, cutter.RST}
	eachCut(t, breaks, func(t *testing.T, w *world, up bool, n int64, plan cutter.Plan) {
		if n == 0 && plan.Break == cutter.RST && w.near == "tcp" {
			w.proxy.SetPlan(func(int) cutter.Plan { return plan })
			w.isClosed()
			_, err := w.accepted().Read(make([]byte, 1))
			require.True(t, isReset(err), "%v", err)
			return
		}
		from, to := w.connect(plan)
		if !up {
			from, to = to, from
		}
		_, err := io.WriteString(from, text) // all of it, also when it ends there
		require.True(t, err == nil || n == 0 && isReset(err), "%v", err)
		got, err := io.ReadAll(to)
		require.Equal(t, text[:n], string(got))
		if plan.Break == cutter.FIN || w.near == "unix" && err == nil {
			require.NoError(t, err)
		} else {
			require.True(t, isReset(err), "%v", err)
		}
		rest, err := io.ReadAll(from) // the sender learns it too
		require.Empty(t, rest)
		require.True(t, err == nil && (plan.Break == cutter.FIN || w.near == "unix") || isReset(err), "%v", err)
		w.requireBytes(up, n)
	})
}

func TestHalfCloseEndsOneDirection(t *testing.T) {
	eachCut(t, []cutter.Break{cutter.HalfClose}, func(t *testing.T, w *world, up bool, n int64, plan cutter.Plan) {
		from, to := w.connect(plan)
		if !up {
			from, to = to, from
		}
		for range 3 {
			_, err := io.WriteString(from, text)
			require.NoError(t, err)
		}
		got, err := io.ReadAll(to)
		require.NoError(t, err)
		require.Equal(t, text[:n], string(got))
		exchange(t, to, from, "the way back is open")
		w.requireBytes(up, n)
		require.NoError(t, from.Close())
		require.NoError(t, to.Close())
	})
}

func TestBlackholeTellsNobody(t *testing.T) {
	eachCut(t, []cutter.Break{cutter.Blackhole}, func(t *testing.T, w *world, up bool, n int64, plan cutter.Plan) {
		from, to := w.connect(plan)
		if !up {
			from, to = to, from
		}
		_, err := io.WriteString(from, text)
		require.NoError(t, err)
		got := make([]byte, n)
		_, err = io.ReadFull(to, got)
		require.NoError(t, err)
		require.Equal(t, text[:n], string(got))
		if n%4 == 0 {
			w.proxy.Cut(cutter.Blackhole) // it is one already
			_, err = io.WriteString(to, text)
			require.NoError(t, err)
			silent(t, from)
			silent(t, to)
		}
		require.Equal(t, 1, w.proxy.Active())
		w.proxy.Cut(cutter.FIN)
		for _, c := range []net.Conn{from, to} {
			rest, err := io.ReadAll(c)
			require.NoError(t, err)
			require.Empty(t, rest)
			require.NoError(t, c.Close())
		}
		require.Zero(t, w.proxy.Active())
		w.requireBytes(up, n)
	})
}

// requireBytes is about the last connection.
func (w *world) requireBytes(up bool, want int64) {
	w.t.Helper()
	u, d := w.proxy.Bytes(w.proxy.Connections() - 1)
	if up {
		require.Equal(w.t, want, u)
	} else {
		require.Equal(w.t, want, d)
	}
}

func TestCutFarIntoAStream(t *testing.T) {
	const n = 1<<20 + 17
	for _, how := range []cutter.Break{cutter.FIN, cutter.HalfClose} {
		w := newWorld(t, "tcp", "tcp")
		near, far := w.connect(cutter.Plan{CutDown: cutter.After(n), Break: how})
		sent := noise(2 << 20)
		go func() { _, _ = far.Write(sent) }() // until its connection is closed
		got, err := io.ReadAll(near)
		require.NoError(t, err)
		require.Equal(t, string(sent[:n]), string(got))
	}
}

func TestMarksAreIndependent(t *testing.T) {
	w := newWorld(t, "tcp", "tcp")
	near, far := w.connect(cutter.Plan{CutUp: cutter.After(10), CutDown: cutter.After(5)})
	exchange(t, near, far, "123456789")
	exchange(t, far, near, "1234")
	exchange(t, far, near, "5") // the first mark that is reached
	for _, c := range []net.Conn{near, far} {
		rest, err := io.ReadAll(c)
		require.NoError(t, err)
		require.Empty(t, rest)
	}
	require.Panics(t, func() { cutter.After(-1) })
}
