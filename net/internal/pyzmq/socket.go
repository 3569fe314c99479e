// SPDX-License-Identifier: MIT

package pyzmq

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// SendTimeout is how long Send waits for room.
const SendTimeout = 10 * time.Second

// Options are options of a socket by the names that libzmq has for them, without
// ZMQ_: "LINGER", "SNDHWM", "SUBSCRIBE" and so on. Values are int, bool, string or
// []byte. SNDTIMEO and RCVTIMEO are not for you: they are set for each call.
type Options map[string]any

// Socket is a socket of libzmq. It does one thing at a time: calls wait for the
// ones before them, but for Close, which ends them, and the events. Sockets do not
// wait for each other.
type Socket struct {
	p   *Process
	key int

	mu      sync.Mutex    // protects the fields below
	events  []Event       // all so far
	changed chan struct{} // closed and replaced with each event
}

// Socket makes a socket of a kind such as "PUSH". The options are set before it is
// bound or connected; everything else is as libzmq has it by default. If that
// fails, the test fails.
func (p *Process) Socket(kind string, opts ...Options) *Socket {
	p.t.Helper()
	s := &Socket{p: p, changed: make(chan struct{})}
	p.mu.Lock()
	s.key = len(p.sockets)
	p.sockets = append(p.sockets, s)
	p.mu.Unlock()
	var list []option
	for _, o := range opts {
		for _, name := range slices.Sorted(maps.Keys(o)) {
			list = append(list, newOption(name, o[name]))
		}
	}
	require.NoError(p.t, s.call("socket", arguments{"kind": kind, "options": list}, 0, nil))
	return s
}

// option is one as it is written to the process.
type option struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

func newOption(name string, value any) option {
	switch v := value.(type) {
	case bool:
		value = 0
		if v {
			value = 1
		}
	case string:
		value = map[string][]byte{"bytes": []byte(v)}
	case []byte:
		value = map[string][]byte{"bytes": v}
	}
	return option{name, value}
}

type arguments map[string]any

func (s *Socket) call(op string, args arguments, timeout time.Duration, result any) error {
	return s.p.call(op, s.key, args, timeout, result)
}

// Set sets an option, such as "SUBSCRIBE"; see [Options].
func (s *Socket) Set(name string, value any) error {
	o := newOption(name, value)
	return s.call("set", arguments{"name": o.Name, "value": o.Value}, 0, nil)
}

// Bind binds the socket, for example to "tcp://127.0.0.1:*", and returns the
// address with what libzmq resolved in it.
func (s *Socket) Bind(addr string) (endpoint string, err error) {
	err = s.call("bind", arguments{"addr": addr}, 0, &endpoint)
	return endpoint, err
}

// Unbind takes an address as Bind returned it.
func (s *Socket) Unbind(addr string) error { return s.call("unbind", arguments{"addr": addr}, 0, nil) }

// Connect begins to seek the peer at addr, and does not wait for it.
func (s *Socket) Connect(addr string) error {
	return s.call("connect", arguments{"addr": addr}, 0, nil)
}

// Disconnect ends what Connect began.
func (s *Socket) Disconnect(addr string) error {
	return s.call("disconnect", arguments{"addr": addr}, 0, nil)
}

// Send sends one message of some parts. If libzmq does not take it within
// SendTimeout, it fails with ErrTimeout.
func (s *Socket) Send(parts ...[]byte) error { return s.SendWithin(SendTimeout, parts...) }

// SendWithin is Send with another timeout.
func (s *Socket) SendWithin(timeout time.Duration, parts ...[]byte) error {
	return s.call("send", arguments{"parts": parts, "timeout": timeout.Seconds()}, timeout, nil)
}

// Recv returns the parts of the next message. If none comes within the timeout, it
// fails with ErrTimeout.
func (s *Socket) Recv(timeout time.Duration) (parts [][]byte, err error) {
	err = s.call("recv", arguments{"timeout": timeout.Seconds()}, timeout, &parts)
	return parts, err
}

// Echo lets the socket send back what it receives, all parts of it, until it is
// closed. Echo itself returns at once. Other calls are worked off in between.
func (s *Socket) Echo() error { return s.call("echo", nil, 0, nil) }

// Close closes the socket and ends the calls under way with an error. libzmq goes
// on sending what is queued as the option "LINGER" says, by default for ever, as
// long as the process lives.
func (s *Socket) Close() error { return s.call("close", nil, 0, nil) }

// Event is what the monitor of a socket saw.
type Event struct {
	Name  string `json:"name"`  // as in libzmq, without ZMQ_EVENT_, such as "HANDSHAKE_SUCCEEDED"
	Value int    `json:"value"` // a file descriptor, errno or interval; 0 = none
	Addr  string `json:"addr"`
}

// Monitor begins to collect the events of the socket.
func (s *Socket) Monitor() error { return s.call("monitor", nil, 0, nil) }

// Events is what happened since Monitor, in order. It can be asked for when the
// socket is closed, or the process dead.
func (s *Socket) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// WaitEvent waits until an event of this name has happened n times, since Monitor,
// and returns the n-th, n >= 1.
func (s *Socket) WaitEvent(name string, n int, timeout time.Duration) (Event, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		s.mu.Lock()
		events, changed := s.events, s.changed
		s.mu.Unlock()
		left := n
		for _, e := range events {
			if e.Name == name {
				left--
			}
			if left == 0 {
				return e, nil
			}
		}
		select {
		case <-changed:
		case <-s.p.dead:
			return Event{}, s.p.err
		case <-timer.C:
			return Event{}, fmt.Errorf("%w: no event %s, number %d, among %v", ErrTimeout, name, n, events)
		}
	}
}

func (s *Socket) happened(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	close(s.changed)
	s.changed = make(chan struct{})
}
