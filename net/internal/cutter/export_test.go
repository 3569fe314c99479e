// SPDX-License-Identifier: MIT

package cutter

import (
	"context"
	"net"
)

// Run does with two connections what a proxy does with one it accepted and one it
// dialled. It returns when both are closed.
func Run(near, far net.Conn, plan Plan) {
	l := newLink(near)
	l.plan = plan
	l.run(func(context.Context) (net.Conn, error) { return far, nil })
}

// SetDial replaces the way to the target.
func (p *Proxy) SetDial(dial func(context.Context) (net.Conn, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dial = dial
}
