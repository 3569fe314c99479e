// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// stepper is a REQ and a REP in turn, far enough that whoever is in Recv reads.
type stepper struct {
	req mq.Req
	rep mq.Rep
}

func newStepper(t *testing.T, addr string) stepper {
	t.Helper()
	s := stepper{closing(t, mq.NewReq(quickly(nil)...)), closing(t, mq.NewRep(quickly(nil)...))}
	require.NoError(t, s.rep.Bind(addr))
	require.NoError(t, s.req.Connect(s.rep.Addr()))
	s.step(t)
	return s
}

// step makes a round trip.
func (s stepper) step(t *testing.T) {
	t.Helper()
	require.NoError(t, s.req.Send(soon(t), mq.Text("question")))
	asked(t, s.rep, "question")
	require.NoError(t, s.rep.Send(soon(t), mq.Text("answer")))
	m, err := s.req.Recv(soon(t))
	require.NoError(t, err)
	require.Equal(t, "answer", string(m.Data))
}

func asked(t *testing.T, rep mq.Rep, want string) {
	t.Helper()
	m, err := rep.Recv(soon(t))
	require.NoError(t, err)
	require.Equal(t, want, string(m.Data))
}

// receiving calls Recv.
func receiving(ctx context.Context, s mq.Receiver) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		m, err := s.Recv(ctx)
		done <- outcome{m, err}
	}()
	return done
}

// reads reports how many goroutines in Recv are reading from a connection.
func reads() (n int) {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, ").Fetch(") && strings.Contains(stack, ").Read(") {
			n++
		}
	}
	return n
}

// reading calls Recv of the REP, and returns when that reads from the connection itself.
func (s stepper) reading(t *testing.T) (done <-chan outcome, cancel func()) {
	t.Helper()
	eventually(t, func() bool {
		ctx, stop := context.WithCancel(soon(t))
		done, cancel = receiving(ctx, s.rep), stop
		for range 100 {
			if reads() == 1 {
				return true
			}
			runtime.Gosched()
		}
		cancel() // the reader of the session was faster, and has it again
		require.ErrorIs(t, (<-done).err, context.Canceled)
		s.step(t)
		return false
	}, "Recv reads")
	return done, cancel
}

// forSteps runs a test for each scheme, often. The tests of this file do not run beside
// others, so that only their own goroutines are seen.
func forSteps(t *testing.T, test func(t *testing.T, s stepper)) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			s := newStepper(t, scheme.addr(t))
			for range 30 {
				test(t, s)
			}
		})
	}
}

// Who receives one message at a time, from one peer, reads from the connection itself, until
// it has one, or its context is done.
func TestRecvReads(t *testing.T) {
	forSteps(t, func(t *testing.T, s stepper) {
		done, cancel := s.reading(t)
		cancel()
		require.ErrorIs(t, (<-done).err, context.Canceled)
		s.step(t)
		done, cancel = s.reading(t)
		defer cancel()
		require.NoError(t, s.req.Send(soon(t), mq.Text("question")))
		require.Equal(t, outcome{mq.Text("question"), nil}, <-done)
		require.NoError(t, s.rep.Send(soon(t), mq.Text("answer")))
		_, err := s.req.Recv(soon(t))
		require.NoError(t, err)
	})
}

// Nothing is lost when a Recv that reads is cancelled while a message comes.
func TestRecvReadsUntilCancelled(t *testing.T) {
	forSteps(t, func(t *testing.T, s stepper) {
		ctx, cancel := context.WithCancel(t.Context())
		done := receiving(ctx, s.rep)
		require.NoError(t, s.req.Send(soon(t), mq.Text("question")))
		go cancel()
		switch got := <-done; got.err {
		case nil:
			require.Equal(t, mq.Text("question"), got.reply)
		default:
			require.ErrorIs(t, got.err, context.Canceled)
			asked(t, s.rep, "question")
		}
		require.NoError(t, s.rep.Send(soon(t), mq.Text("answer")))
		_, err := s.req.Recv(soon(t))
		require.NoError(t, err)
	})
}

// A Recv that reads from one peer hears of what comes from another, and of the end of the
// first.
func TestRecvReadsBesideOthers(t *testing.T) {
	forSteps(t, func(t *testing.T, s stepper) {
		done, cancel := s.reading(t)
		defer cancel()
		other := mq.NewReq(quickly(nil)...)
		require.NoError(t, other.Connect(s.rep.Addr()))
		require.NoError(t, other.Send(soon(t), mq.Text("other")))
		require.Equal(t, outcome{mq.Text("other"), nil}, <-done)
		require.NoError(t, s.rep.Send(soon(t), mq.Text("answer")))
		_, err := other.Recv(soon(t))
		require.NoError(t, err)
		s.step(t)
		require.NoError(t, other.Close())
		s.step(t)
	})
}

// A Recv that reads ends when the socket is closed, and with ErrPeerGone when the peer is.
func TestRecvReadsUntilClosed(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			for i := range 20 {
				s := newStepper(t, scheme.addr(t))
				done, cancel := s.reading(t)
				if i%3 == 0 {
					require.NoError(t, s.rep.Close())
					require.ErrorIs(t, (<-done).err, mq.ErrClosed)
					cancel()
					continue
				}
				require.NoError(t, s.req.Send(soon(t), mq.Text("question")))
				require.Equal(t, outcome{mq.Text("question"), nil}, <-done)
				cancel()
				waits := receiving(soon(t), s.req)
				if i%3 == 1 {
					require.NoError(t, s.rep.Close())
					require.ErrorIs(t, (<-waits).err, mq.ErrPeerGone)
					continue
				}
				require.NoError(t, s.req.Close())
				require.ErrorIs(t, (<-waits).err, mq.ErrClosed)
			}
		})
	}
}

// What comes in pieces is received whole, and a PING is answered, whether somebody is in Recv
// or not.
func TestRecvReadsPieces(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			addr := scheme.addr(t)
			rep := closing(t, mq.NewRep(quickly(nil)...))
			require.NoError(t, rep.Bind(addr))
			peer := dialBare(t, addr)
			peer.shake("REQ")
			ping := zmtp.AppendPing(nil, 0, []byte("?"))
			pong := func() {
				peer.say(ping...)
				require.Equal(t, string(zmtp.AppendPong(nil, []byte("?"))[2:]), string(peer.next().Body))
			}
			large := strings.Repeat("large", 20_000)
			for i := range 30 {
				text := "question"
				if i%5 == 4 {
					text = large
				}
				whole := frames("", text)
				done := receiving(soon(t), rep)
				cut := 1 + i%10
				peer.say(whole[:cut]...)
				if i%3 == 0 {
					runtime.Gosched()
				}
				peer.say(whole[cut:]...)
				got := <-done
				require.NoError(t, got.err)
				require.True(t, text == string(got.reply.Data), "%d bytes, %d wanted", got.reply.Size(), len(text))
				pong()
				require.NoError(t, rep.Send(soon(t), mq.Text("answer")))
				require.Equal(t, parts("answer"), peer.next().More)
				done = receiving(soon(t), rep)
				pong()
				peer.say(frames("", "again")...)
				require.Equal(t, outcome{mq.Text("again"), nil}, <-done)
				require.NoError(t, rep.Send(soon(t), mq.Text("answer")))
				require.Equal(t, parts("answer"), peer.next().More)
			}
		})
	}
}

// Do and Serve, with any number under way, go on as they would without the steps before and
// after them.
func TestRecvReadsBetweenCalls(t *testing.T) {
	forSteps(t, func(t *testing.T, s stepper) {
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() {
			served <- s.rep.Serve(ctx, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
		}()
		calls := []<-chan outcome{begin(soon(t), s.req, "a"), begin(soon(t), s.req, "b"), begin(soon(t), s.req, "c")}
		for i, call := range calls {
			require.Equal(t, outcome{mq.Text(string(rune('a' + i))), nil}, <-call)
		}
		cancel()
		require.ErrorIs(t, <-served, context.Canceled)
		call := begin(soon(t), s.req, "d")
		asked(t, s.rep, "d")
		require.NoError(t, s.rep.Send(soon(t), mq.Text("D")))
		require.Equal(t, outcome{mq.Text("D"), nil}, <-call)
		s.step(t)
	})
}

// A peer that has promised to be heard of, and is not, is given up also after Recv was
// cancelled while it read.
func TestRecvReadsUntilSilence(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			addr := scheme.addr(t)
			s := stepper{rep: closing(t, mq.NewRep(quickly(nil)...))}
			require.NoError(t, s.rep.Bind(addr))
			peer := dialBare(t, addr)
			peer.shake("REQ")
			for range 3 {
				ctx, cancel := context.WithCancel(t.Context())
				done := receiving(ctx, s.rep)
				peer.say(frames("", "question")...)
				require.NoError(t, (<-done).err)
				require.NoError(t, s.rep.Send(soon(t), mq.Text("answer")))
				require.Equal(t, parts("answer"), peer.next().More)
				done = receiving(ctx, s.rep)
				cancel()
				require.ErrorIs(t, (<-done).err, context.Canceled)
			}
			peer.say(zmtp.AppendPing(nil, 100*time.Millisecond, nil)...)
			require.True(t, peer.next().Command)
			require.Empty(t, peer.rest())
		})
	}
}

// Send waits for no peer that does not read: what the kernel does not take at once the session
// writes later, whole and in its place.
func TestReplyDoesNotWait(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			addr := scheme.addr(t)
			rep := closing(t, mq.NewRep(mq.WithSendHWM(10_000)))
			require.NoError(t, rep.Bind(addr))
			peer := dialBare(t, addr)
			peer.shake("DEALER")
			answer := strings.Repeat("answer", 600)
			unread := func(count int) {
				for range count {
					peer.say(frames("", "question")...)
					asked(t, rep, "question")
					require.NoError(t, rep.Send(soon(t), mq.Text(answer)))
				}
			}
			read := func(count int) {
				for range count {
					require.Equal(t, parts(answer), peer.next().More)
				}
			}
			for n := range 100 { // whichever of them finds no room is the last once
				unread(n)
				read(n)
			}
			const many = 3_000
			unread(many)
			require.Positive(t, rep.Stats().Queued, "the kernel does not take that much")
			read(many)
		})
	}
}
