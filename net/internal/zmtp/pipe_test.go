// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"io"
	"sync"

	"github.com/seedmq/mq/net/internal/zmtp"
)

// pipe is one direction of a connection: writes never wait, reads do.
type pipe struct {
	mu     sync.Mutex // protects the fields below
	more   *sync.Cond
	buf    bytes.Buffer
	closed bool
}

func newPipe() *pipe {
	p := new(pipe)
	p.more = sync.NewCond(&p.mu)
	return p
}

func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.more.Broadcast()
	return p.buf.Write(b)
}

func (p *pipe) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.buf.Len() == 0 && !p.closed {
		p.more.Wait()
	}
	if p.buf.Len() == 0 {
		return 0, io.EOF
	}
	return p.buf.Read(b)
}

func (p *pipe) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.more.Broadcast()
}

// side is what a handshake came to on one side of a connection.
type side struct {
	d    *zmtp.Decoder
	in   *pipe
	out  *pipe
	peer zmtp.Peer
	err  error
}

// meet lets two sides shake hands, and closes what a side that fails was writing to.
func meet(a, b zmtp.Config) (client, server side) {
	up, down := newPipe(), newPipe()
	client = side{d: zmtp.NewDecoder(down, limits), in: down, out: up}
	server = side{d: zmtp.NewDecoder(up, limits), in: up, out: down}
	b.Server = true
	var both sync.WaitGroup
	for s, c := range map[*side]zmtp.Config{&client: a, &server: b} {
		both.Go(func() {
			if s.peer, s.err = zmtp.Handshake(s.d, s.out, c); s.err != nil {
				s.out.close()
			}
		})
	}
	both.Wait()
	return client, server
}
