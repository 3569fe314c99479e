// SPDX-License-Identifier: MIT

package peer

import "sync/atomic"

// window bounds how many messages are under way, for contenders that would queue
// without bound or drop. Credit goes back in grains of several messages, so that
// the window itself costs next to nothing. A producer that waits for a grain holds
// back only its own message, so a few more than the bound can be under way.
type window struct {
	grain          int64 // messages
	sent, received atomic.Int64
	credit         chan struct{}
	stop           chan struct{}
}

// grains is how many portions the credit of a window has at least.
const grains = 20

// newWindow lets so many messages through before one has to arrive.
func newWindow(capacity int) *window {
	grain := max(1, capacity/grains)
	w := &window{grain: int64(grain), credit: make(chan struct{}, capacity/grain), stop: make(chan struct{})}
	for range cap(w.credit) {
		w.credit <- struct{}{}
	}
	return w
}

// take is called before a message is sent.
func (w *window) take() error {
	if w.sent.Add(1)%w.grain != 0 {
		return nil
	}
	select {
	case <-w.credit:
		return nil
	case <-w.stop:
		return errStopped
	}
}

// give is called after a message was received.
func (w *window) give() {
	if w.received.Add(1)%w.grain == 0 {
		w.credit <- struct{}{}
	}
}
