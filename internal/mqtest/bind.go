// SPDX-License-Identifier: MIT

package mqtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// bindLaws are about names: who has one, and what is one.
var bindLaws = []Law{
	{
		ID: "D-INP-06", Pattern: "ALL",
		Shall: "refuse to bind a name that is bound with ErrAddrInUse, and not harm who has it; Unbind and Close free it",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples {
				peer, has := c.pair(e)
				wants, addr := e.New(c.to), e.Link(has, peer)
				for _, s := range []mq.Socket{wants, has, e.New(c.from)} {
					requireError(t, s.Bind(addr), mq.ErrAddrInUse, "bind", addr)
				}
				require.Equal(t, "", wants.Addr())
				e.Peers(has, 1)
				c.converse(e, peer, has)
				e.Close(peer)

				require.NoError(t, has.Unbind(addr))
				e.Bind(wants, addr)
				requireError(t, has.Bind(addr), mq.ErrAddrInUse, "bind", addr)
				e.Close(wants)
				e.Bind(has, addr)
			}
		},
	},
	{
		ID: "D-INP-07", Pattern: "ALL",
		Shall: "keep the links made through a name that is unbound",
		Only:  "over a network the listener's connections end with it",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples {
				from, to := c.pair(e)
				comes, addr := e.New(c.from), e.Link(to, from)
				require.NoError(t, to.Unbind(addr))
				e.Connect(addr, comes)
				e.Peers(comes, 0)
				e.Peers(to, 1)
				c.converse(e, from, to)
			}
		},
	},
	{
		ID: "D-INP-07 D-INP-08", Pattern: "ALL",
		Shall: "stay with a peer that has unbound the name as long as it is there, and then turn to who has bound it since",
		Only:  "over a network the listener's connections end with it",
		Run: func(t *testing.T, e *Env) {
			for _, c := range couples {
				from, old := c.pair(e)
				comes, next := c.pair(e)
				addr := e.Link(old, from)
				require.NoError(t, old.Unbind(addr))
				e.Bind(next, addr)
				e.Peers(next, 0)
				if c.from != "PAIR" {
					e.Connect(addr, comes)
					e.Peers(next, 1)
					e.Close(comes)
				}
				e.Close(old)
				e.Peers(next, 1)
				e.Peers(from, 1)
				c.converse(e, from, next)
			}
		},
	},
	{
		ID: "D-INP-12", Pattern: "ALL",
		Shall: "know a name within its own runtime only",
		Only:  "the addresses of a network are the same for all",
		Run: func(t *testing.T, e *Env) {
			elsewhere := mq.NewRuntime()
			here, there, seeks := e.Pull(), e.Pull(mq.WithRuntime(elsewhere)), e.Push(mq.WithRuntime(elsewhere))
			addr := e.Bind(here)
			e.Connect(addr, seeks)
			e.Peers(seeks, 0)
			e.Bind(there, addr)
			e.Peers(seeks, 1)
			e.Peers(here, 0)
			pipeline.converse(e, seeks, there)
			require.NoError(t, elsewhere.Close())
			e.Connect(addr, e.Push())
			e.Peers(here, 1)
		},
	},
	{
		ID: "D-INP-12", Pattern: "ALL",
		Shall: "take any name of up to 256 bytes, and refuse longer ones with ErrBadAddr",
		Only:  "the names of a network are not free",
		Run: func(t *testing.T, e *Env) {
			for _, name := range []string{"a", "with space/and:more", "\x00\xff", "inproc://", strings.Repeat("n", 256)} {
				push, pull, addr := e.Push(), e.Pull(), "inproc://"+name
				e.Bind(pull, addr)
				e.Connect(addr, push)
				pipeline.converse(e, push, pull)
				require.Equal(t, addr, pull.Addr())
			}
			s, long := e.Pull(), "inproc://"+strings.Repeat("n", 257)
			requireError(t, s.Bind(long), mq.ErrBadAddr, "bind", long)
			requireError(t, s.Connect(long), mq.ErrBadAddr, "connect", long)
		},
	},
	{
		ID: "D-CON-02", Pattern: "ALL",
		Shall: "refuse what is no address with ErrBadAddr, and a scheme that nobody registered with ErrNoTransport",
		Run: func(t *testing.T, e *Env) {
			for addr, want := range map[string]error{
				"": mq.ErrBadAddr, "name": mq.ErrBadAddr, "inproc": mq.ErrBadAddr, "inproc:name": mq.ErrBadAddr,
				"://name": mq.ErrBadAddr, "inproc://": mq.ErrBadAddr,
				"nosuch://name": mq.ErrNoTransport, "Inproc://name": mq.ErrNoTransport, "pgm://1.2.3.4:5": mq.ErrNoTransport,
			} {
				for _, kind := range kinds {
					s := e.New(kind)
					requireError(t, s.Bind(addr), want, "bind", addr)
					requireError(t, s.Connect(addr), want, "connect", addr)
					requireError(t, s.Unbind(addr), mq.ErrBadAddr, "unbind", addr)
					requireError(t, s.Disconnect(addr), mq.ErrBadAddr, "disconnect", addr)
					e.Close(s)
				}
			}
		},
	},
	{
		ID: "D-CON-19", Pattern: "ALL",
		Shall: "refuse to let an address go that it does not have",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range kinds {
				s, bound, sought := e.New(kind), e.Addr(), e.Addr()
				e.Bind(s, bound)
				e.Connect(sought, s)
				requireError(t, s.Unbind(sought), mq.ErrBadAddr, "unbind", sought)
				requireError(t, s.Disconnect(bound), mq.ErrBadAddr, "disconnect", bound)
				require.NoError(t, s.Unbind(bound))
				require.NoError(t, s.Disconnect(sought))
				requireError(t, s.Unbind(bound), mq.ErrBadAddr, "unbind", bound)
				requireError(t, s.Disconnect(sought), mq.ErrBadAddr, "disconnect", sought)
			}
		},
	},
	{
		ID: "MQ-ADDR-01", Pattern: "ALL",
		Shall: "name with Addr the address bound last of those it still has",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range kinds {
				s := e.New(kind)
				require.Equal(t, "", s.Addr())
				e.Connect(e.Addr(), s)
				require.Equal(t, "", s.Addr())
				first := e.Bind(s)
				require.Equal(t, first, s.Addr())
				second := e.Bind(s)
				require.Equal(t, second, s.Addr())
				require.NoError(t, s.Unbind(second))
				require.Equal(t, first, s.Addr())
				require.NoError(t, s.Unbind(first))
				require.Equal(t, "", s.Addr())
			}
		},
	},
}

// compatibleLaws are about who talks to whom.
var compatibleLaws = []Law{
	{
		ID: "A-ALL-08 B-TYP-02", Pattern: "ALL",
		Shall:   "connect to the kind of the matrix that is bound, and be refused by the others with ErrIncompatible",
		Departs: "libzmq checks no types in-process, and passes messages between sockets that do not understand each other",
		Only:    "over a network the refusal comes when Connect has returned",
		Run: func(t *testing.T, e *Env) {
			for _, bound := range kinds {
				for _, kind := range kinds {
					at, s := e.New(bound), e.New(kind)
					addr := e.Bind(at)
					if slices.Contains(fits[bound], kind) {
						e.Connect(addr, s)
						e.Peers(at, 1)
						continue
					}
					err := s.Connect(addr)
					requireError(t, err, mq.ErrIncompatible, "connect", addr)
					require.ErrorContains(t, err, kind)
					require.ErrorContains(t, err, bound)
					e.Peers(at, 0)
					e.Peers(s, 0)
					requireError(t, s.Disconnect(addr), mq.ErrBadAddr, "disconnect", addr) // it is not connected
					e.Close(at)
					e.Bind(e.New(other(kind)), addr)
					e.Peers(s, 0)
					e.Connect(addr, s)
					e.Peers(s, 1)
				}
			}
		},
	},
	{
		ID: "A-ALL-08 B-TYP-02", Pattern: "ALL",
		Shall:   "be refused with ErrIncompatible when it binds a name that an unfit socket has connected to; the name stays free",
		Departs: "libzmq checks no types in-process",
		Only:    "over a network the one who binds does not know who seeks it",
		Run: func(t *testing.T, e *Env) {
			for _, seeks := range kinds {
				for _, kind := range kinds {
					s, binds, addr := e.New(seeks), e.New(kind), e.Addr()
					e.Connect(addr, s)
					if slices.Contains(fits[seeks], kind) {
						e.Bind(binds, addr)
						e.Peers(s, 1)
						continue
					}
					err := binds.Bind(addr)
					requireError(t, err, mq.ErrIncompatible, "bind", addr)
					require.ErrorContains(t, err, kind)
					require.ErrorContains(t, err, seeks)
					require.Equal(t, "", binds.Addr())
					e.Peers(s, 0)
					e.Bind(e.New(other(seeks)), addr)
					e.Peers(s, 1)
				}
			}
		},
	},
	{
		ID: "A-ALL-08", Pattern: "ALL",
		Shall: "never be its own peer",
		Only:  "over a network a socket does not know itself",
		Run: func(t *testing.T, e *Env) {
			for _, kind := range kinds {
				s := e.New(kind)
				addr := e.Bind(s)
				requireError(t, s.Connect(addr), mq.ErrIncompatible, "connect", addr)
				e.Peers(s, 0)

				other := e.Addr()
				e.Connect(other, s)
				requireError(t, s.Bind(other), mq.ErrIncompatible, "bind", other)
			}
		},
	},
}
