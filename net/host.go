// SPDX-License-Identifier: MIT

package mqnet

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/seedmq/mq/internal/transport"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// host is a socket of this process at one of its addresses, as connections see it.
type host struct {
	socket  transport.Peer
	options *transport.Options
	addr    string // as it was given

	lane        transport.StreamID // by which the pipeline that does not lose is known, of who connects; zero of who binds
	connections uint64             // made so far, likewise

	peerName string // what the socket, a ROUTER, calls who is there; "" leaves it to them
}

func (h *host) observe(e transport.Event) {
	e.Addr = h.addr
	h.options.Observe(e)
}

// The bounds of a message and of a command that are no option.
const (
	maxParts   = 1 << 16
	maxCommand = 1 << 20 // bytes; a subscription with its topic, all others are short
)

// meet shakes hands over a new connection, in the time there is for that, and makes
// the other side a peer of the socket. It closes the connection if that fails.
//
// admit is nil if this side has connected. Otherwise it is called once the other side
// has shown that it is a proper peer, and before that may send.
func (h *host) meet(ctx context.Context, conn net.Conn, admit func() error) (*session, error) {
	cut := context.AfterFunc(ctx, func() { conn.Close() })
	s, err := h.shake(conn, admit)
	if !cut() && err == nil {
		err = ctx.Err()
	}
	if err == nil && s.end == nil {
		err = s.join()
	}
	if err == nil {
		return s, nil
	}
	s.abandon()
	if admit != nil && errors.Is(admit(), errCrowded) {
		err = errCrowded
	}
	h.observe(transport.Event{Kind: transport.HandshakeFailed, Peer: peerName(conn), Err: err})
	return nil, err
}

// errCrowded is why a handshake was cut that took longer than others that had to wait.
var errCrowded = errors.New("too many handshakes at once, and this one took longest")

func (h *host) shake(conn net.Conn, admit func() error) (*session, error) {
	s := newSession(h, conn)
	kind := h.socket.Kind()
	server := admit != nil
	config := zmtp.Config{
		SocketType: kind.String(),
		Identity:   []byte(h.socket.RoutingID()),
		Accepts:    kind.Accepts,
		Server:     server,
		ZMTP2:      h.options.ZMTP2,
	}
	if kind == transport.Push || kind == transport.Pull {
		config.Properties = []zmtp.Property{{Name: zmtp.PipelineProperty, Value: h.pipeline()}}
	}
	if server {
		config.Admit = func(p zmtp.Peer) error {
			err := admit()
			if err == nil && kind.Refuses() { // who is refused must not hear READY: it would send
				s.peer = p
				err = s.join()
			}
			return err
		}
	}
	err := conn.SetDeadline(time.Now().Add(h.options.Handshake))
	if err != nil {
		return s, err
	}
	if s.peer, err = zmtp.Handshake(s.decoder, conn, config); err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	return s, reason(err)
}

// pipeline is what a PUSH and a PULL tell each other.
func (h *host) pipeline() []byte {
	if h.lane == (transport.StreamID{}) {
		return zmtp.AppendPipeline(nil)
	}
	return zmtp.AppendLane(nil, h.lane, h.connections)
}

// meeting is what both sides have in common over all connections of one Connect, and the
// how manyth this is. ok is false if the peer does not speak of that.
func (s *session) meeting() (lane string, attempt uint64, ok bool) {
	theirs, attempt, ok := s.peer.Pipeline()
	if s.lane != (transport.StreamID{}) {
		return string(s.lane[:]), s.connections, ok
	}
	return string(theirs), attempt, ok && len(theirs) > 0
}

// peerName is who is at the other end of a connection.
func peerName(conn net.Conn) string {
	name := conn.RemoteAddr().String()
	if name == "@" { // a Unix domain socket without a name
		return ""
	}
	return name
}

// reason is an error of package zmtp in terms of mq's.
func reason(err error) error {
	for _, r := range []struct{ is, means error }{
		{zmtp.ErrTooLarge, transport.ErrTooLarge},
		{zmtp.ErrSocketType, transport.ErrIncompatible},
		{zmtp.ErrProtocol, transport.ErrProtocol},
		{transport.ErrCount, transport.ErrProtocol},
		{zmtp.ErrNotZMTP, transport.ErrProtocol},
		{zmtp.ErrMechanism, transport.ErrProtocol},
	} {
		if errors.Is(err, r.is) {
			return &peerError{err, r.means}
		}
	}
	return err
}

// peerError is what a peer did wrong.
type peerError struct{ err, means error }

func (e *peerError) Error() string   { return strings.TrimPrefix(e.err.Error(), "zmtp: ") }
func (e *peerError) Unwrap() []error { return []error{e.err, e.means} }
