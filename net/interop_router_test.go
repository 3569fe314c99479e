// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// theirIDs are routing ids that libzmq takes; "" leaves it to the ROUTER.
var theirIDs = []string{"", "a", "A client", "\x01\x00\xff", string(bytes.Repeat([]byte{0xfe}, 255)), ""}

// requireID looks at the routing id that a ROUTER tells of a peer that has set want.
func requireID(t *testing.T, want string, got []byte) {
	t.Helper()
	if want != "" {
		require.Equal(t, want, string(got))
		return
	}
	require.Len(t, got, 5)
	require.Zero(t, got[0])
}

// mq's ROUTER knows DEALER and REQ peers by what they call themselves, or by what it made
// up, and finds each again (A-RTR-06, A-RTR-07, A-RTR-10, A-RTR-12, D-RTR-01).
func TestLibzmqRouterKnowsItsPeers(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		for _, side := range sides {
			for _, kind := range []string{"DEALER", "REQ"} {
				t.Run(scheme.name+"/"+side.name+"/"+kind, func(t *testing.T) {
					router, _ := made(t, mq.NewRouter)
					if side.mq {
						require.NoError(t, router.Bind(scheme.addr(t)))
					}
					testKnowsItsPeers(t, router, kind, func(id string) *pyzmq.Socket {
						var opts pyzmq.Options
						if id != "" {
							opts = pyzmq.Options{"ROUTING_ID": id}
						}
						s := newTheirs(t, p, kind, opts)
						if side.mq {
							require.NoError(t, s.Connect(router.Addr()))
							return s
						}
						at, err := s.Bind(scheme.addr(t))
						require.NoError(t, err)
						require.NoError(t, router.Connect(at))
						return s
					})
				})
			}
		}
	}
}

func testKnowsItsPeers(t *testing.T, router mq.Router, kind string, peer func(id string) *pyzmq.Socket) {
	t.Helper()
	delimiter := [][]byte{{}}
	if kind == "DEALER" {
		delimiter = nil
	}
	var all []*pyzmq.Socket
	names := make(map[string]int) // the number of the peer that has it
	for i, id := range theirIDs {
		s := peer(id)
		require.NoError(t, s.Send([]byte("hello"), []byte(fmt.Sprint(i))))
		m := recvOwn(t, router)
		requireID(t, id, m.Data)
		sameParts(t, append(delimiter, []byte("hello"), []byte(fmt.Sprint(i))), m.More)
		require.NotContains(t, names, string(m.Data))
		names[string(m.Data)] = i
		all = append(all, s)
	}
	for range 3 {
		for name, i := range names { // in any order
			sendOwn(t, router, append(append(parts(name), delimiter...), []byte(name))...)
			got, err := all[i].Recv(longest)
			require.NoError(t, err)
			require.Equal(t, parts(name), got)
			require.NoError(t, all[i].Send([]byte("again")))
			m := recvOwn(t, router)
			require.Equal(t, name, string(m.Data))
		}
	}
	require.Zero(t, router.Stats().Dropped)
}

// libzmq's ROUTER knows DEALER and REQ of mq likewise.
func TestLibzmqKnowsItsPeers(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		for kind, constructor := range map[string]func(...mq.Option) mq.Socket{"DEALER": mq.NewDealer, "REQ": kinds["REQ"].make} {
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				router := newTheirs(t, p, "ROUTER", pyzmq.Options{"ROUTER_MANDATORY": true})
				at, err := router.Bind(scheme.addr(t))
				require.NoError(t, err)
				for _, id := range theirIDs {
					var opts []mq.Option
					if id != "" {
						opts = append(opts, mq.WithRoutingID(id))
					}
					own, _ := made(t, constructor, opts...)
					require.NoError(t, own.Connect(at))
					for range 3 {
						sendOwn(t, own, []byte("question"))
						got, err := router.Recv(longest)
						require.NoError(t, err)
						requireID(t, id, got[0])
						require.Equal(t, "question", string(got[len(got)-1]))
						got[len(got)-1] = []byte("answer")
						require.NoError(t, router.Send(got...))
						require.Equal(t, mq.Text("answer").String(), recvOwn(t, own).String())
					}
				}
				require.ErrorContains(t, router.Send(parts("nobody", "x")...), "Host unreachable")
			})
		}
	}
}

// A second peer of a routing id is refused as long as the first is here. When that was
// killed, the second comes in by itself (D-RTR-06, D-RTR-07, F-GRT-18).
func TestLibzmqRouterRefusesTheSecond(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for _, kind := range []string{"DEALER", "REQ", "ROUTER"} {
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				first, second := pyzmq.Start(t), pyzmq.Start(t)
				c := newCouple(t, first, [2]string{"ROUTER", kind})
				c.join(t, true, scheme.addr(t))
				c.round(t, parts("before")...)
				other := c.with(newTheirs(t, second, kind, pyzmq.Options{"ROUTING_ID": theirID}))
				require.NoError(t, other.zmq.Connect(c.mq.Addr()))
				for i := range 3 { // it goes on trying
					e := c.heard.wait(t, mq.EventHandshakeFailed, i+1)
					require.ErrorIs(t, e.Err, mq.ErrPeerBusy)
				}
				c.round(t, parts("still the first")...)
				require.Equal(t, 1, c.mq.Stats().Peers)
				first.Kill()
				c.heard.wait(t, mq.EventAttached, 2)
				other.round(t, parts("now the second")...)
				require.Equal(t, 1, c.mq.Stats().Peers)
			})
		}
	}
}

// With the option the second takes over, though the first is there. So it does if the
// first was killed a moment ago.
func TestLibzmqRouterHandsOver(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for _, kind := range []string{"DEALER", "REQ", "ROUTER"} {
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				p := pyzmq.Start(t)
				c := newCouple(t, p, [2]string{"ROUTER", kind}, mq.WithHandover())
				require.NoError(t, c.zmq.Set("RECONNECT_IVL", -1))
				c.join(t, true, scheme.addr(t))
				c.round(t, parts("before")...)
				first := c.zmq
				for i := range 5 {
					if i > 1 { // that it is lost is perhaps noticed later
						p.Kill()
						p = pyzmq.Start(t)
					}
					c.zmq = newTheirs(t, p, kind, pyzmq.Options{"ROUTING_ID": theirID, "RECONNECT_IVL": -1})
					require.NoError(t, c.zmq.Connect(c.mq.Addr()))
					c.heard.wait(t, mq.EventAttached, i+2)
					c.heard.wait(t, mq.EventDisconnected, i+1)
					c.round(t, parts("after")...)
					if i == 0 {
						_, err := first.Recv(moment)
						require.Error(t, err)
					}
				}
				require.Empty(t, c.heard.all(mq.EventHandshakeFailed))
				require.Equal(t, 1, c.mq.Stats().Peers)
				require.Zero(t, c.mq.Stats().Dropped)
			})
		}
	}
}

// A peer of the same routing id as one that was killed gets what is sent from then on, and
// nothing of what was sent to the other. What goes to nobody is dropped, or told.
// (A-RTR-05, A-RTR-14, D-RTR-02, D-CON-13)
func TestLibzmqRouterSendsToNobody(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for _, mandatory := range []bool{false, true} {
			t.Run(fmt.Sprint(scheme.name, "/mandatory=", mandatory), func(t *testing.T) {
				t.Parallel()
				var opts []mq.Option
				if mandatory {
					opts = append(opts, mq.WithMandatory())
				}
				p := pyzmq.Start(t)
				c := newCouple(t, p, [2]string{"ROUTER", "DEALER"}, opts...)
				c.join(t, true, scheme.addr(t))
				for i := range 3 {
					c.round(t, parts("hello")...)
					p.Kill()
					c.heard.wait(t, mq.EventDisconnected, i+1)
					for range 2 {
						err := c.mq.Send(t.Context(), mq.Text(theirID, "lost"))
						if mandatory {
							require.ErrorIs(t, err, mq.ErrPeerGone)
							require.ErrorContains(t, err, `"`+theirID+`"`)
						} else {
							require.NoError(t, err)
						}
					}
					p = pyzmq.Start(t)
					c.again(t, p, "", true)
				}
				c.round(t, parts("on we go")...)
				want := uint64(6)
				if mandatory {
					want = 0
				}
				require.Equal(t, want, c.mq.Stats().Dropped)
			})
		}
	}
}

// A DEALER that does not receive misses messages, or stops who sends to it if the ROUTER
// is mandatory; others go on (A-RTR-13, A-RTR-15, D-RTR-03).
func TestLibzmqRouterSlowPeer(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		for _, mandatory := range []bool{false, true} {
			opts := []mq.Option{mq.WithSendHWM(floodHWM)}
			if mandatory {
				opts = append(opts, mq.WithMandatory())
			}
			router, heard := made(t, mq.NewRouter, opts...)
			require.NoError(t, router.Bind(scheme.addr(t)))
			slow := newTheirs(t, p, "DEALER", narrow, pyzmq.Options{"ROUTING_ID": "slow"})
			fast := newTheirs(t, p, "DEALER", pyzmq.Options{"ROUTING_ID": "fast"})
			require.NoError(t, slow.Connect(router.Addr()))
			require.NoError(t, fast.Connect(router.Addr()))
			heard.wait(t, mq.EventAttached, 2)
			sent := 0
			for ; sent < flood; sent++ {
				patience := longest
				if mandatory {
					patience = moment * 4
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				err := router.Send(ctx, mq.NewMessage([]byte("slow"), pyzmq.Number(sent, floodSize)))
				cancel()
				if err != nil {
					require.True(t, mandatory)
					require.ErrorIs(t, err, context.DeadlineExceeded)
					break
				}
			}
			sendOwn(t, router, parts("fast", "hello")...)
			got, err := fast.Recv(longest)
			require.NoError(t, err)
			require.Equal(t, parts("hello"), got)
			stats := router.Stats()
			require.LessOrEqual(t, stats.Queued, floodHWM)
			taken, err := slow.RecvNumbers(sent-int(stats.Dropped), longest)
			require.NoError(t, err)
			require.True(t, taken.Ordered, "%+v", taken)
			require.Equal(t, sent-int(stats.Dropped), taken.Count)
			require.Equal(t, mandatory, stats.Dropped == 0)
			require.Equal(t, mandatory, sent < flood)
			sendOwn(t, router, parts("slow", "on we go")...)
			got, err = slow.Recv(longest)
			require.NoError(t, err)
			require.Equal(t, parts("on we go"), got)
		}
	}
}
