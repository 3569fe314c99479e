// SPDX-License-Identifier: MIT

package cutter

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// parting is how long, after a FIN, peers may take to close their side before the
// kernel answers with a reset what they still send.
const parting = time.Second

var (
	errMark = errors.New("cutter: the mark is reached")
	past    = time.Unix(1, 0) // a deadline that has passed
)

// link is one connection: the connector's side and the target's. Its life ends in
// steps: its own goroutines, or somebody outside, say how; the goroutines stop;
// run closes both sides, from a black hole only when it was told once more.
type link struct {
	plan     Plan // written before run
	near     net.Conn
	up, down atomic.Int64 // bytes forwarded

	open   context.Context // done when it is settled how both sides are closed
	settle context.CancelFunc
	moving context.Context // done when nothing may be forwarded any more, at the latest with open
	stop   context.CancelFunc

	still chan struct{} // closed when nothing is forwarded any more
	told  chan struct{} // closed when both sides have been sent the end

	mu  sync.Mutex // protects the fields below
	far net.Conn   // nil until the target is connected
	how Break      // written before moving is done, and before open is
}

func newLink(near net.Conn) *link {
	l := &link{near: near, still: make(chan struct{}), told: make(chan struct{})}
	l.open, l.settle = context.WithCancel(context.Background())
	l.moving, l.stop = context.WithCancel(l.open)
	return l
}

// run connects the target, forwards until the link ends, and closes both sides.
func (l *link) run(dial func(context.Context) (net.Conn, error)) {
	if far, err := dial(l.open); err != nil {
		l.end(RST)
	} else {
		l.join(far)
		var wg sync.WaitGroup
		wg.Go(func() { l.forward(far, l.near, l.plan.CutUp, &l.up) })
		wg.Go(func() { l.forward(l.near, far, l.plan.CutDown, &l.down) })
		wg.Wait()
		l.end(FIN) // if both directions came to their own end
	}
	close(l.still)
	<-l.open.Done()
	l.part()
}

func (l *link) join(far net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.far = far
	if l.moving.Err() != nil { // the link ended while the target was dialled
		_ = far.SetDeadline(past)
	}
}

// joined tells whether bytes may have been forwarded.
func (l *link) joined() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.far != nil
}

// end ends the link from within. Whatever came before prevails.
func (l *link) end(how Break) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.moving.Err() == nil {
		l.endLocked(how)
	}
}

// cut ends the link from outside, which ends a black hole too.
func (l *link) cut(how Break) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open.Err() == nil {
		l.endLocked(how)
	}
}

func (l *link) endLocked(how Break) {
	l.how = how
	_ = l.near.SetDeadline(past)
	if l.far != nil {
		_ = l.far.SetDeadline(past)
	}
	l.stop()
	if how != Blackhole {
		l.settle()
	}
}

// forward moves bytes in one direction until this direction or the link ends.
func (l *link) forward(dst, src net.Conn, cut Mark, count *atomic.Int64) {
	err := l.move(dst, src, cut, count)
	if err == errMark && l.plan.Break != HalfClose {
		l.end(l.plan.Break)
		return
	}
	if err == errMark || err == io.EOF {
		closeWrite(dst)
		_, err = io.Copy(io.Discard, src)
	}
	if err != nil {
		l.end(RST) // as the one side did to us, so we do to the other; unless the link has ended
	}
}

// move forwards bytes up to the mark. It never returns nil.
func (l *link) move(dst, src net.Conn, cut Mark, count *atomic.Int64) error {
	chunk := 64 << 10
	if l.plan.Chunk > 0 {
		chunk = min(chunk, l.plan.Chunk)
	}
	buf := make([]byte, chunk)
	for {
		room := cut.left(count.Load(), chunk)
		if room == 0 {
			return errMark
		}
		n, readErr := src.Read(buf[:room])
		if n > 0 {
			if err := pause(l.moving, l.plan.Delay); err != nil {
				return err
			}
			// Counted first, so that who has received a byte finds it counted.
			count.Add(int64(n))
			written, err := dst.Write(buf[:n])
			count.Add(int64(written - n))
			if err != nil {
				return err
			}
		}
		if readErr != nil {
			return readErr
		}
	}
}

// pause waits, and fails if the link has ended.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// part closes both sides in the way that end was told.
func (l *link) part() {
	l.mu.Lock()
	how, sides := l.how, []net.Conn{l.near}
	if l.far != nil {
		sides = append(sides, l.far)
	}
	l.mu.Unlock()
	if how == RST {
		for _, c := range sides {
			reset(c)
		}
		close(l.told)
		return
	}
	for _, c := range sides {
		closeWrite(c)
	}
	close(l.told)
	var wg sync.WaitGroup
	for _, c := range sides {
		wg.Go(func() {
			_ = c.SetDeadline(time.Now().Add(parting))
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		})
	}
	wg.Wait()
}

func closeWrite(c net.Conn) {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
}

func reset(c net.Conn) {
	if c, ok := c.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	_ = c.Close()
}
