// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// taker is a server that tells of the requests it has got, and answers as the test says.
type taker struct {
	*bare
	got   chan []string // the frames of each request
	pongs chan struct{} // one for each PONG
}

func newTaker(t *testing.T, addr, kind string) *taker {
	t.Helper()
	s := &taker{dialBare(t, addr), make(chan []string, 100), make(chan struct{}, 100)}
	s.shake(kind)
	done := make(chan struct{})
	t.Cleanup(func() { s.Close(); <-done })
	go func() {
		defer close(done)
		for {
			item, err := s.decoder.Next()
			if err != nil {
				return
			}
			if item.Command {
				s.pongs <- struct{}{}
				continue
			}
			frames := []string{string(item.Body)}
			for _, part := range item.More {
				frames = append(frames, string(part))
			}
			s.got <- frames
		}
	}()
	return s
}

// outcome is what Do has returned.
type outcome struct {
	reply mq.Message
	err   error
}

// begin calls Do.
func begin(ctx context.Context, req mq.Req, text string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		reply, err := req.Do(ctx, mq.Text(text))
		done <- outcome{reply, err}
	}()
	return done
}

// takeBoth makes two requests: one that the first server has, and one that the second has.
func takeBoth(t *testing.T, req mq.Req, first, second *taker) (ids [2]string, done [2]<-chan outcome) {
	t.Helper()
	for ids[0] == "" || ids[1] == "" {
		call := begin(soon(t), req, "question")
		i, s := 0, first
		var frames []string
		select {
		case frames = <-first.got:
		case frames = <-second.got:
			i, s = 1, second
		}
		require.Len(t, frames, 3)
		require.Len(t, frames[0], 4)
		require.Equal(t, []string{"", "question"}, frames[1:])
		if ids[i] != "" { // it has one already
			s.say(answer(frames[0], "right")...)
			require.Equal(t, outcome{mq.Text("right"), nil}, <-call)
			continue
		}
		ids[i], done[i] = frames[0], call
	}
	return ids, done
}

// answer encodes a reply.
func answer(id, text string) []byte { return frames(id, "", text) }

// unknown is an id that no request has, but perhaps a later one.
func unknown(id string, after uint32) string {
	return string(binary.BigEndian.AppendUint32(nil, binary.BigEndian.Uint32([]byte(id))+after))
}

// A server that answers the requests of others, those that nobody has made, or in a way
// that means nothing, is not heard; its right answer is, and the others' are (A-REQ-09,
// A-REQ-10, D-REQ-04, D-REQ-05).
func TestFaultForgedReplies(t *testing.T) {
	for _, scheme := range schemes {
		for _, kind := range legalPeers["REQ"] {
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				w := newWard(t, "REQ", scheme.addr(t))
				req := closing(t, mq.NewReq(quickly(nil)...)) // the honest server of the other sees nothing of this
				addr := scheme.addr(t)
				require.NoError(t, req.Bind(addr))
				bad, good := newTaker(t, addr, kind), newTaker(t, addr, "REP")
				require.NoError(t, req.WaitPeers(soon(t), 2))
				w.during(func() {
					for range 20 {
						ids, done := takeBoth(t, req, bad, good)
						bad.say(answer(ids[1], "forged")...)
						for n := range uint32(1000) {
							bad.say(answer(unknown(ids[0], n+2), "forged")...)
						}
						bad.say(answer(ids[0][:3], "forged")...)
						bad.say(answer(ids[0]+"\x00", "forged")...)
						bad.say(answer("", "forged")...)
						bad.say(frames(ids[0], ids[0], "", "forged")...)
						bad.say(frames(ids[0], "forged")...)
						bad.say(frames(ids[0])...)
						bad.say(frames(ids[0], "")...)
						bad.say(frames("", ids[0], "", "forged")...)
						bad.say(answer(ids[0], "right")...)
						require.Equal(t, outcome{mq.Text("right"), nil}, <-done[0])
						bad.say(answer(ids[0], "twice")...)
						require.Empty(t, done[1])
						good.say(answer(ids[1], "as it should be")...)
						require.Equal(t, outcome{mq.Text("as it should be"), nil}, <-done[1])
					}
				})
				require.Equal(t, 2, req.Stats().Peers)
				require.Zero(t, req.Stats().Pending)
			})
		}
	}
}

// Replies that name an id are none to the request of Send, and those without one are none
// to a request of Do.
func TestFaultForgedTurns(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			req := closing(t, mq.NewReq(quickly(nil)...))
			addr := scheme.addr(t)
			require.NoError(t, req.Bind(addr))
			s := newTaker(t, addr, "REP")
			require.NoError(t, req.WaitPeers(soon(t), 1))
			for i := range 20 {
				call := begin(soon(t), req, "do")
				asked := <-s.got
				s.say(join(frames("", "forged"), zmtp.AppendPing(nil, 0, nil))...)
				<-s.pongs // it came before the request did
				require.NoError(t, req.Send(soon(t), mq.Text("send")))
				require.Equal(t, []string{"", "send"}, <-s.got)
				s.say(answer(unknown(asked[0], 1), "forged")...)
				s.say(frames("x", "", "forged")...)
				right := func() { s.say(frames("", "right")...) }
				if i%2 == 0 {
					right()
				}
				s.say(answer(asked[0], "done")...)
				require.Equal(t, outcome{mq.Text("done"), nil}, <-call)
				if i%2 == 1 {
					right()
				}
				m, err := req.Recv(soon(t))
				require.NoError(t, err)
				require.Equal(t, "right", string(m.Data))
			}
		})
	}
}

// Floods of replies that nobody has asked for do not fill memory, and hold up no others.
func TestFaultReplyFlood(t *testing.T) {
	for _, scheme := range schemes {
		for name, flood := range map[string]func(n int) []byte{
			"ids":      func(n int) []byte { return answer(unknown("\x00\x00\x00\x00", uint32(n*7919)), "forged") },
			"no ids":   func(int) []byte { return frames("", "forged") },
			"nonsense": func(int) []byte { return frames("nonsense") },
			"empty":    func(int) []byte { return frames("") },
		} {
			t.Run(scheme.name+"/"+name, func(t *testing.T) {
				w := newWard(t, "REQ", scheme.addr(t))
				b := dialBare(t, w.addr)
				b.shake("REP")
				b.serve()
				grown := held(func() {
					w.during(func() {
						for n := range 2000 {
							b.say(repeated(flood(n), 100)...)
						}
					})
				})
				require.Less(t, grown, int64(4<<20))
				require.Zero(t, w.bound.Stats().Pending)
				b.Close()
				w.requirePeace()
			})
		}
	}
}

// A server that takes requests and vanishes has each end at once; those of others go on,
// and ids are not mixed up when it comes back.
func TestFaultServerVanishes(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			req := closing(t, mq.NewReq(quickly(nil)...))
			addr := scheme.addr(t)
			require.NoError(t, req.Bind(addr))
			stays := newTaker(t, addr, "REP")
			for i := range 20 {
				gone := newTaker(t, addr, "REP")
				require.NoError(t, req.WaitPeers(soon(t), 2))
				ids, done := takeBoth(t, req, gone, stays)
				gone.Close()
				require.ErrorIs(t, (<-done[0]).err, mq.ErrPeerGone)
				stays.say(answer(ids[0], "it was not asked")...)
				require.Empty(t, done[1])
				text := fmt.Sprint("right ", i)
				stays.say(answer(ids[1], text)...)
				require.Equal(t, outcome{mq.Text(text), nil}, <-done[1])
				eventually(t, func() bool { return req.Stats().Peers == 1 }, "one peer")
			}
		})
	}
}
