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
	shaking list.List  // of net.Conn, oldest first
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
		if !l.room.TryAcquire(1) {
			l.cutOldest()
			if l.room.Acquire(l.ctx, 1) != nil {
				conn.Close()
				return
			}
		}
		l.mu.Lock()
		place := l.shaking.PushBack(conn)
		l.mu.Unlock()
		l.all.Go(func() { l.serve(conn, place) })
	}
}

// The pauses after an Accept that failed.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// cutOldest ends the handshake that has taken longest.
func (l *listener) cutOldest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if oldest := l.shaking.Front(); oldest != nil {
		oldest.Value.(net.Conn).Close()
	}
}

// serve is a connection from its handshake to its end.
func (l *listener) serve(conn net.Conn, place *list.Element) {
	s, err := l.meet(l.ctx, conn, true)
	l.mu.Lock()
	l.shaking.Remove(place)
	l.mu.Unlock()
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
