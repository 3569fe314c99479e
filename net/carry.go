// SPDX-License-Identifier: MIT

package mqnet

import (
	"net"
	"sync"
	"syscall"

	"github.com/seedmq/mq/internal/transport"
)

// carrier writes a message in place of the writer, as long as that has nothing to do. What
// the kernel does not take at once is left to the writer, which is poked: nobody who sends
// waits for the peer.
//
// mu is held by whoever writes, so what is written comes in whole batches. Nothing that
// the writer has taken is overtaken: it is parked, looking for more, while a message is
// carried.
type carrier struct {
	raw   syscall.RawConn    // nil if the connection has none
	write func(uintptr) bool // for raw

	mu    sync.Mutex // protects the fields below
	batch batch      // what is to be written, or is not written whole
	sent  int        // bytes of that, which the kernel has taken
	over  bool       // nothing is carried any more
}

// carryMax is how many bytes a message may have to be copied for that.
const carryMax = 4 << 10

// canCarry prepares the session for that.
func (s *session) canCarry() {
	c, ok := s.conn.(syscall.Conn)
	if !ok || !canTry {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	s.carrier.raw, s.carrier.write = raw, s.carrier.try
	s.in.Carry = s.carry
}

// carry is Inbox.Carry.
func (s *session) carry(m transport.Msg) bool {
	c := &s.carrier
	if size(m) > carryMax || !c.mu.TryLock() {
		return false
	}
	defer c.mu.Unlock()
	if c.over || c.batch.size > 0 || !s.in.Idle() || s.ending.Load() {
		return false
	}
	s.add(&c.batch, m)
	if c.batch.size > 0 {
		_ = c.raw.Write(c.write) // what is wrong the writer will find out
	}
	if c.sent < c.batch.size {
		s.in.Poke()
		return true
	}
	c.reset()
	return true
}

// size is how many bytes of frames there are in a message, with its envelope.
func size(m transport.Msg) int {
	first, more := m.Parts()
	n := len(first)
	for _, frames := range [...][][]byte{more, m.Envelope()} {
		for _, frame := range frames {
			n += len(frame)
		}
	}
	return n
}

// try writes as much as the kernel takes at once.
func (c *carrier) try(fd uintptr) bool {
	c.sent = tryWrite(fd, c.batch.small)
	return true
}

func (c *carrier) reset() {
	c.batch.reset()
	c.sent = 0
}

// behind writes the rest of what was carried, and then a batch. It returns how many bytes of
// the batch the kernel has taken.
func (c *carrier) behind(conn net.Conn, b *batch) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.batch.size > 0 {
		n, err := conn.Write(c.batch.small[c.sent:])
		c.sent += n
		if err != nil {
			return 0, err
		}
		c.reset()
	}
	return b.writeTo(conn)
}

// end lets nothing be carried any more, and returns what is not written whole.
func (c *carrier) end() []transport.Msg {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	return c.batch.unwritten(c.sent)
}
