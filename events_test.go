// SPDX-License-Identifier: MIT

package mq_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/internal/transport"
)

// TestEvents: what a transport tells comes to the function and to the log of the socket.
func TestEvents(t *testing.T) {
	var heard []mq.Event
	var log bytes.Buffer
	s, _ := onWire(t, mq.NewPush, mq.WithLinger(0),
		mq.WithEvents(func(e mq.Event) { heard = append(heard, e) }),
		mq.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	defer s.Close()
	tell := theWire.options["wire://x"].Observe
	cause := errors.New("cause")
	for _, c := range []struct {
		event transport.Event
		want  mq.Event
		line  string
		log   string
	}{
		{transport.Event{Kind: transport.Attached, Addr: "wire://x", Peer: "far", Again: true},
			mq.Event{Kind: mq.EventAttached, Addr: "wire://x", Peer: "far"},
			"attached wire://x (far)", `level=INFO msg="mq: attached" socket=PUSH addr=wire://x peer=far`},
		{transport.Event{Kind: transport.Retrying, Addr: "wire://x", Delay: time.Second, Err: cause},
			mq.Event{Kind: mq.EventRetrying, Addr: "wire://x", Delay: time.Second, Err: cause},
			"retrying wire://x in 1s: cause", `level=DEBUG msg="mq: retrying" socket=PUSH addr=wire://x delay=1s err=cause`},
		{transport.Event{Kind: transport.HandshakeFailed, Addr: "wire://x", Peer: "far", Err: cause},
			mq.Event{Kind: mq.EventHandshakeFailed, Addr: "wire://x", Peer: "far", Err: cause},
			"handshake failed wire://x (far): cause", `level=WARN msg="mq: handshake failed" socket=PUSH addr=wire://x peer=far err=cause`},
	} {
		log.Reset()
		tell(c.event)
		require.Equal(t, c.want, heard[len(heard)-1])
		require.Equal(t, c.line, c.want.String())
		require.Contains(t, log.String(), c.log)
	}
	require.EqualValues(t, 1, s.Stats().Reconnects)
	for kind := transport.Listening; kind <= transport.Unbound; kind++ {
		require.NotEmpty(t, mq.EventKind(kind).String())
	}
	require.Empty(t, mq.EventKind(0).String())
}

// TestReturnedMessagesAreTakenAgain: what a session took and could not write is the next
// to be taken, or counted where nobody else has a use for it.
func TestReturnedMessagesAreTakenAgain(t *testing.T) {
	for name, make := range map[string]func(...mq.Option) mq.Socket{"PUSH": mq.NewPush, "PAIR": mq.NewPair, "REQ": newReq} {
		t.Run(name, func(t *testing.T) {
			s, far := onWire(t, make, mq.WithLinger(0))
			texts := strings.Split("012", "")
			if name == "REQ" {
				texts = texts[:1]
			}
			send(t, s, texts...)
			require.Equal(t, texts[:1], far.take(t, 1))
			socket := far.end.Far.Peer
			socket.Taken(far.end.Far, transport.Msg{})
			socket.Returned(far.end.Far, []transport.Msg{transport.NewMsg([]byte("0"), nil)})
			require.EqualValues(t, len(texts), s.Stats().Sent)
			far.in.Close(nil)
			far.end.Unlink()
			next := &session{}
			require.NoError(t, theWire.come("wire://x", next))
			require.Equal(t, texts, next.take(t, len(texts)))
			if name == "REQ" {
				socket.Taken(next.end.Far, transport.Msg{})
				next.give(t, "reply") // and not ErrPeerGone: the first has not seen the request
				m, err := s.Recv(t.Context())
				require.NoError(t, err)
				require.Equal(t, "reply", m.String())
			}
			back, _ := closing(s)
			require.Empty(t, back)
		})
	}
	for name, make := range map[string]func(...mq.Option) mq.Socket{"PUB": newPub, "REP": newRep} {
		s, far := onWire(t, make, mq.WithLinger(0))
		far.end.Far.Peer.Returned(far.end.Far, []transport.Msg{{}, {}})
		require.EqualValues(t, 2, s.Stats().Dropped, name)
		require.NoError(t, s.Close())
	}
}
