// SPDX-License-Identifier: MIT

package zmtp

import "github.com/seedmq/mq/internal/reuse"

const (
	chunkMin = 512
	chunkMax = 8 << 10
)

// chunk is memory that small bodies are cut from, so that most of them cost no allocation. Who keeps one body keeps the
// chunk it is from, so chunks are small, and smaller still where little has come in.
type chunk struct {
	free []byte // not given away yet
	size int    // bytes of the next chunk; bodies of more than a quarter of it get memory of their own
}

// keep returns a copy of b that belongs to whoever gets it: appending to it moves it, rather than overwrite a neighbour.
func (c *chunk) keep(b []byte) []byte {
	n := len(b)
	if n > len(c.free) || n > c.size/4 || n == 0 {
		return c.keepElsewhere(b)
	}
	body := c.free[:n:n]
	c.free = c.free[n:]
	copy(body, b)
	return body
}

// keepElsewhere is keep for what cannot be cut from what is left of the chunk.
func (c *chunk) keepElsewhere(b []byte) []byte {
	switch n := len(b); {
	case n == 0:
		return []byte{} // of no chunk
	case n > c.size/4:
		if n <= chunkMax/4 {
			c.size = min(2*c.size, chunkMax)
		}
		own := reuse.Lend(len(b))
		copy(own, b)
		return own
	}
	c.free = reuse.Get(c.size)
	c.size = min(2*c.size, chunkMax)
	return c.keep(b)
}
