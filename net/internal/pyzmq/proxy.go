// SPDX-License-Identifier: MIT

package pyzmq

import "github.com/stretchr/testify/require"

// End is one of the two sockets of a Proxy.
type End struct {
	Kind string // such as "ROUTER"
	Addr string // what it is bound to
}

// Proxy runs zmq_proxy between two sockets of its own, until the process is dead, and
// returns the addresses with what libzmq resolved in them. The sockets have no
// high-water mark. If that fails, the test fails.
func (p *Process) Proxy(front, back End) (frontAddr, backAddr string) {
	p.t.Helper()
	var at []string
	ends := [][]string{{front.Kind, front.Addr}, {back.Kind, back.Addr}}
	require.NoError(p.t, p.call("proxy", 0, arguments{"ends": ends}, 0, &at))
	return at[0], at[1]
}
