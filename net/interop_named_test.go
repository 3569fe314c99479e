// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// Who is connected to as somebody is that, whatever it calls itself: messages wait for it
// before it is there, and after it was killed (D-RTR-08, D-RTR-13, A-RTR-04).
func TestLibzmqConnectAs(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for _, kind := range []string{"ROUTER", "DEALER"} {
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				addr := scheme.addr(t)
				router, heard := made(t, mq.NewRouter, mq.WithRoutingID(ownID))
				require.NoError(t, router.ConnectAs(addr, "server"))
				require.ErrorIs(t, router.ConnectAs(scheme.addr(t), "server"), mq.ErrPeerBusy)
				there := [][]byte{}
				if kind == "ROUTER" {
					there = parts(ownID)
				}
				sent := 0
				for again := range 3 {
					for range 5 {
						sendOwn(t, router, parts("server", fmt.Sprint(sent))...)
						sent++
					}
					require.Equal(t, 5, router.Stats().Queued)
					p := pyzmq.Start(t)
					s := newTheirs(t, p, kind, pyzmq.Options{"ROUTING_ID": theirID})
					_, err := s.Bind(addr)
					require.NoError(t, err)
					for i := sent - 5; i < sent; i++ {
						got, err := s.Recv(longest)
						require.NoError(t, err)
						sameParts(t, append(there, []byte(fmt.Sprint(i))), got)
					}
					require.NoError(t, s.Send(append(there, []byte("answer"))...))
					require.Equal(t, mq.Text("server", "answer").String(), recvOwn(t, router).String())
					sendOwn(t, router, parts(theirID, "it is not known by that")...)
					require.EqualValues(t, again+1, router.Stats().Dropped)
					p.Kill()
					heard.wait(t, mq.EventDisconnected, again+1)
				}
			})
		}
	}
}

// libzmq's ROUTER names mq's likewise.
func TestLibzmqConnectsAs(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		router, _ := made(t, mq.NewRouter, mq.WithRoutingID(ownID))
		require.NoError(t, router.Bind(scheme.addr(t)))
		s := newTheirs(t, p, "ROUTER", pyzmq.Options{"CONNECT_ROUTING_ID": "server"})
		require.NoError(t, s.Connect(router.Addr()))
		for range 3 {
			require.NoError(t, s.Send(parts("server", "question")...))
			m := recvOwn(t, router)
			requireID(t, "", m.Data)
			require.Equal(t, parts("question"), m.More)
			sendOwn(t, router, m.Data, []byte("answer"))
			got, err := s.Recv(longest)
			require.NoError(t, err)
			require.Equal(t, parts("server", "answer"), got)
		}
	}
}

// A process is killed, and another takes its place, with the same routing id: all goes on,
// whoever had connected (A-DLR-05, A-RTR-05, A-XPB-18, A-XSB-04, D-CON-12).
func TestLibzmqFamiliesKilled(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	type where struct {
		*couple
		addr    string
		mqBinds bool
	}
	var all []where
	for _, scheme := range schemes {
		for _, side := range sides {
			for _, pair := range familyPairs {
				w := where{newCouple(t, p, pair), scheme.addr(t), side.mq}
				w.join(t, w.mqBinds, w.addr)
				w.round(t, parts("before")...)
				all = append(all, w)
			}
		}
	}
	for again := range 3 {
		p.Kill()
		p = pyzmq.Start(t)
		for _, w := range all {
			w.heard.wait(t, mq.EventDisconnected, again+1)
			w.again(t, p, w.addr, w.mqBinds)
			w.round(t, parts("after", "")...)
			require.Equal(t, 1, w.mq.Stats().Peers, "%s-%s", w.own, w.theirs)
		}
	}
}
