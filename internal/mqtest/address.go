// SPDX-License-Identifier: MIT

package mqtest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// couple is a pattern: the kind that begins, and the one that it talks to.
type couple struct{ from, to string }

var (
	pipeline = couple{"PUSH", "PULL"}
	couples  = []couple{{"PAIR", "PAIR"}, pipeline, {"PUB", "SUB"}, {"REQ", "REP"}, {"DEALER", "ROUTER"}, {"XPUB", "XSUB"}}
)

// fits are the kinds that each kind talks to (37/ZMTP, The Socket Type Property).
var fits = map[string][]string{
	"PAIR": {"PAIR"}, "PUSH": {"PULL"}, "PULL": {"PUSH"},
	"REQ": {"REP", "ROUTER"}, "REP": {"REQ", "DEALER"},
	"DEALER": {"REP", "DEALER", "ROUTER"}, "ROUTER": {"REQ", "DEALER", "ROUTER"},
	"PUB": {"SUB", "XSUB"}, "XPUB": {"SUB", "XSUB"}, "SUB": {"PUB", "XPUB"}, "XSUB": {"PUB", "XPUB"},
}

// pair makes one of each.
func (c couple) pair(e *Env) (from, to mq.Socket) { return e.New(c.from), e.New(c.to) }

// converse proves that messages go between two sockets that are each other's only
// peers.
func (c couple) converse(e *Env, from, to mq.Socket) {
	e.t.Helper()
	switch c.from {
	case "PUB":
		require.NoError(e.t, to.(mq.Sub).Subscribe(""))
		e.Subscribers(from.(mq.Pub), "", 1)
	case "XPUB":
		e.Send(to, "\x01")
		e.Subscribers(from.(mq.Pub), "", 1)
	}
	e.Send(from, "hello")
	e.Gets(to, "hello")
	if c.from == "REQ" || c.from == "DEALER" {
		e.Send(to, "hello, you")
		e.Gets(from, "hello, you")
	}
}

// addressLaws are about finding each other.
var addressLaws = []Law{
	{
		ID: "A-ALL-01 A-ALL-02 D-INP-01 D-CON-01 D-CON-15", Pattern: "ALL",
		Shall: "bind or connect, whatever the role, and in either order: Connect succeeds and does not wait for the peer",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples {
				for _, senderBinds := range []bool{true, false} {
					for _, connectFirst := range []bool{true, false} {
						from, to := c.pair(e)
						addr := e.Addr()
						bound, other := to, from
						if senderBinds {
							bound, other = from, to
						}
						if connectFirst {
							e.Connect(addr, other)
							e.Peers(other, 0)
							e.Bind(bound, addr)
						} else {
							e.Bind(bound, addr)
							e.Connect(addr, other)
						}
						e.Peers(bound, 1)
						e.Peers(other, 1)
						c.converse(e, from, to)
					}
				}
			}
		},
	},
	{
		ID: "A-ALL-01 A-PSH-01 A-PLL-01 A-SUB-01 A-REQ-01 D-INP-01", Pattern: "ALL but PAIR",
		Shall: "have any number of addresses, bound and connected, and a peer for each",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples[1:] {
				for _, kind := range []string{c.from, c.to} {
					s, peer := e.New(kind), other(kind)
					early, late := e.Addr(), e.Addr()
					e.Connect(early, s)
					e.Bind(e.New(peer), early)
					e.Bind(e.New(peer), late)
					e.Connect(late, s)
					e.Peers(s, 2)
					for range 2 {
						e.Link(s, e.New(peer), e.New(peer))
					}
					e.Peers(s, 6)
				}
			}
		},
	},
	{
		ID: "D-INP-01 D-INP-04", Pattern: "ALL but PAIR",
		Shall: "find each other when many goroutines connect while one binds",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples[1:] {
				bound, addr := e.New(c.from), e.Addr()
				var calls []*Call
				for i := range 64 {
					calls = append(calls, e.Go("Connect", func(context.Context) (m mq.Message, err error) {
						return m, e.New(c.to).Connect(addr)
					}))
					if i == 32 {
						calls = append(calls, e.Go("Bind", func(context.Context) (m mq.Message, err error) {
							return m, bound.Bind(addr)
						}))
					}
				}
				for _, call := range calls {
					e.Returned(call)
				}
				e.Peers(bound, 64)
			}
		},
	},
	{
		ID: "A-ALL-03 D-INP-08", Pattern: "ALL",
		Shall:   "find a name again that is bound again, by whomever, as often as it happens",
		Departs: "in libzmq a connection in-process ends with the first peer; here all schemes behave alike",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples {
				for _, kind := range []string{c.from, c.to} {
					addr, stays := e.Addr(), e.New(other(kind))
					e.Connect(addr, stays)
					for range 3 {
						goes := e.New(kind)
						e.Bind(goes, addr)
						e.Peers(stays, 1)
						e.Peers(goes, 1)
						if kind == c.from {
							c.converse(e, goes, stays)
						} else {
							c.converse(e, stays, goes)
						}
						e.Close(goes)
						e.Peers(stays, 0)
					}
				}
			}
		},
	},
	{
		ID: "D-CON-04", Pattern: "ALL",
		Shall:   "take a second Connect to the same address as done already",
		Departs: "libzmq does so for some patterns, and doubles the weight of the peer for PUSH and PULL; one rule is easier to know",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range kinds {
				s, bound, addr := e.New(kind), e.New(other(kind)), e.Addr()
				e.Connect(addr, s, s)
				e.Bind(bound, addr)
				e.Peers(bound, 1)
				e.Connect(addr, s)
				e.Peers(bound, 1)
				e.Peers(s, 1)
				require.NoError(t, s.Disconnect(addr)) // one Disconnect ends it
				e.Peers(bound, 0)
			}
		},
	},
	{
		ID: "D-CON-19 D-CON-20", Pattern: "ALL",
		Shall: "end the link and the seeking with Disconnect, and take up both again with a new Connect",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples {
				from, to := c.pair(e)
				addr := e.Link(to, from)
				for range 3 {
					require.NoError(t, from.Disconnect(addr))
					e.Peers(from, 0)
					e.Peers(to, 0)
					e.Connect(addr, from)
					e.Peers(to, 1)
					e.Peers(from, 1)
				}
				c.converse(e, from, to)
				require.NoError(t, from.Disconnect(addr))
				requireError(t, from.Disconnect(addr), mq.ErrBadAddr, "disconnect", addr)
				e.Close(to)
				e.Bind(e.New(c.to), addr)
				e.Settle()
				e.Peers(from, 0) // it seeks no more
			}
		},
	},
	{
		ID: "A-ALL-02 D-CON-20", Pattern: "ALL",
		Shall: "be able to end the seeking of a peer that never came",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples {
				from, to := c.pair(e)
				addr := e.Addr()
				e.Connect(addr, from)
				require.NoError(t, from.Disconnect(addr))
				e.Bind(to, addr)
				e.Settle()
				e.Peers(to, 0)
			}
		},
	},
	{
		ID: "MQ-PEER-01", Pattern: "ALL",
		Shall: "let WaitPeers block until that many peers are attached, and return at once if they are",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return k == "PAIR" }) {
				s, peers := e.New(kind), []mq.Socket{e.New(other(kind)), e.New(other(kind))}
				wait := func(n int) *Call {
					return e.Go("WaitPeers of "+kind, func(ctx context.Context) (m mq.Message, err error) {
						return m, s.WaitPeers(ctx, n)
					})
				}
				e.Returned(wait(0))
				one, two := wait(1), wait(2)
				e.Blocked(one, two)
				addr := e.Link(s, peers[0])
				e.Returned(one)
				e.Blocked(two)
				e.Connect(addr, peers[1])
				e.Returned(two)
				e.Close(peers[0])
				e.Peers(s, 1)
				e.Returned(wait(1))
				again := wait(2)
				e.Blocked(again)
				e.Cancel(again)
			}
		},
	},
}

// other is a kind that a kind talks to.
func other(kind string) string {
	for _, c := range couples {
		switch kind {
		case c.from:
			return c.to
		case c.to:
			return c.from
		}
	}
	panic("mqtest: no kind " + kind)
}
