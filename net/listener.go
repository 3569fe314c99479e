// SPDX-License-Identifier: MIT

package mqnet

import (
	"container/list"
	"context"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/seedmq/mq/internal/transport"
)

// handshakes is how many of one address may be under way at once. Those of honest
// peers take milliseconds; when there are more, the oldest is cut.
const handshakes = 256

// listener is the hold of a socket on an address that it is bound to.
type listener struct {
	host
	at   string // with what was resolved in it
	ln   net.Listener
	ctx  context.Context
	stop context.CancelFunc
	all  sync.WaitGroup // goroutines: one that accepts, and one for each connection

	room *semaphore.Weighted // for handshakes

	mu      sync.Mutex // protects the field below
	shaking list.List  // of *handshake, oldest first
}

func (w wire) Bind(addr string, p transport.Peer, o *transport.Options) (transport.Binding, error) {
	_, at, err := transport.Scheme(addr)
	if err != nil {
		return nil, err
	}
	l := &listener{host: host{socket: p, options: o, addr: addr}, room: semaphore.NewWeighted(handshakes)}
	if l.ln, l.at, err = w.scheme.listen(at); err != nil {
		l.observe(transport.Event{Kind: transport.BindFailed, Err: err})
		return nil, err
	}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.observe(transport.Event{Kind: transport.Listening, Peer: l.at})
	l.all.Go(l.accept)
	return l, nil
}

func (l *listener) Addr() string { return l.at }

// Close stops listening, and cuts the peers that came here.
func (l *listener) Close() error {
	l.stop()
	err := l.ln.Close()
	l.all.Wait()
	l.observe(transport.Event{Kind: transport.Unbound, Err: err})
	return err
}

func (l *listener) accept() {
	pause := firstPause
	for l.ctx.Err() == nil {
		conn, err := l.ln.Accept()
		if err != nil && l.ctx.Err() == nil {
			// Out of file descriptors, for instance: somebody has to close some first.
			l.observe(transport.Event{Kind: transport.AcceptFailed, Err: err})
			sleep(l.ctx, pause)
			pause = min(2*pause, lastPause)
		}
		if err != nil {
			continue
		}
		pause = firstPause
		l.observe(transport.Event{Kind: transport.Accepted, Peer: peerName(conn)})
		if l.makeRoom() != nil {
			conn.Close()
			return
		}
		shake := l.begin(conn)
		l.all.Go(func() { l.serve(shake) })
	}
}

// The pauses after an Accept that failed.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// handshake is one that is under way, or was.
type handshake struct {
	conn  net.Conn
	since time.Time
	place *list.Element // nil once it is over; protected by mu of the listener
	cut   bool          // for others to have room; likewise
}

func (l *listener) begin(conn net.Conn) *handshake {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := &handshake{conn: conn, since: time.Now()}
	h.place = l.shaking.PushBack(h)
	return h
}

// end takes a handshake off the list, unless it was cut.
func (l *listener) end(h *handshake) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.place != nil {
		l.shaking.Remove(h.place)
		h.place = nil
	}
	if h.cut {
		return errCrowded
	}
	return nil
}

// honest is how long a handshake may take, even if others have to wait for room.
const honest = 100 * time.Millisecond

// makeRoom waits for room for one more handshake. If there is none, the oldest is cut
// that has had its time.
func (l *listener) makeRoom() error {
	for !l.room.TryAcquire(1) {
		wait := l.cutOldest()
		soon, cancel := context.WithTimeout(l.ctx, wait)
		err := l.room.Acquire(soon, 1)
		cancel()
		if err == nil || l.ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// cutOldest ends the handshake that has taken longest, and returns how long to wait for
// the effect of that, or for one that can be cut.
func (l *listener) cutOldest() (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	front := l.shaking.Front()
	if front == nil { // all are about to leave
		return honest
	}
	h := front.Value.(*handshake)
	if age := time.Since(h.since); age < honest {
		return honest - age
	}
	l.shaking.Remove(front)
	h.place, h.cut = nil, true
	h.conn.Close()
	return honest
}

// serve is a connection from its handshake to its end.
func (l *listener) serve(h *handshake) {
	s, err := l.meet(l.ctx, h.conn, func() error { return l.end(h) })
	l.end(h)
	l.room.Release(1)
	if err == nil {
		s.attached(false)
		s.run(l.ctx)
	}
}

// sleep waits for d, or for ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
