// SPDX-License-Identifier: MIT

package mqtest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heart is a goroutine that sends back what it gets. What goes there and comes back takes
// the way of a message over a network, through the scheduler and its poller: so it is
// as slow as that, on a busy machine, and what was on its way before is likely to be there.
type heart struct {
	t        *testing.T
	out, in  *os.File      // to the goroutine, and from there
	from, to *os.File      // its own ends
	stopped  chan struct{} // closed when it has ended
}

func newHeart(t *testing.T) *heart {
	t.Helper()
	h := &heart{t: t, stopped: make(chan struct{})}
	var err error
	h.from, h.out, err = os.Pipe()
	require.NoError(t, err)
	h.in, h.to, err = os.Pipe()
	require.NoError(t, err)
	go func() {
		defer close(h.stopped)
		for b := make([]byte, 1); ; {
			if _, err := h.from.Read(b); err != nil {
				return
			}
			if _, err := h.to.Write(b); err != nil {
				return
			}
		}
	}()
	return h
}

// beat goes there and back.
func (h *heart) beat() {
	h.t.Helper()
	b := []byte{1}
	_, err := h.out.Write(b)
	require.NoError(h.t, err)
	_, err = h.in.Read(b)
	require.NoError(h.t, err)
}

func (h *heart) stop() {
	assert.NoError(h.t, h.out.Close()) // ends the goroutine
	<-h.stopped
	for _, f := range []*os.File{h.in, h.from, h.to} {
		assert.NoError(h.t, f.Close())
	}
}
