// SPDX-License-Identifier: MIT

package transport

import "slices"

// Kind is the type of a socket. The values are the codes of ZMTP 2.0 (RFC 15).
type Kind uint8

const (
	Pair Kind = 0
	Pub  Kind = 1
	Sub  Kind = 2
	Req  Kind = 3
	Rep  Kind = 4
	Pull Kind = 7
	Push Kind = 8
)

// kinds tells what each socket is called on the wire (37/ZMTP, Socket-Type) and
// whom it may talk to.
var kinds = map[Kind]struct {
	name  string
	peer  Kind
	peers []string // all that it may talk to on the wire
}{
	Pair: {"PAIR", Pair, []string{"PAIR"}},
	Pub:  {"PUB", Sub, []string{"SUB", "XSUB"}},
	Sub:  {"SUB", Pub, []string{"PUB", "XPUB"}},
	Req:  {"REQ", Rep, []string{"REP", "ROUTER"}},
	Rep:  {"REP", Req, []string{"REQ", "DEALER"}},
	Pull: {"PULL", Push, []string{"PUSH"}},
	Push: {"PUSH", Pull, []string{"PULL"}},
}

func (k Kind) String() string { return kinds[k].name }

// Peer is the kind that k talks to.
func (k Kind) Peer() Kind { return kinds[k].peer }

// Fits reports whether a socket of kind k may talk to one of the other kind.
func (k Kind) Fits(other Kind) bool { return kinds[k].peer == other }

// Accepts reports whether a socket of kind k may talk to a remote one that says it is
// of this type (37/ZMTP, The Socket Type Property).
func (k Kind) Accepts(name string) bool { return slices.Contains(kinds[k].peers, name) }

// Sends reports whether messages go out from a socket of kind k, beside subscriptions.
func (k Kind) Sends() bool { return k != Sub && k != Pull }

// Lossless reports whether what a socket of kind k has sent, and nobody can take
// any more, is handed back by a Close. Of PUB it is dropped, and an answer of REP
// is no use to another.
func (k Kind) Lossless() bool { return k == Push || k == Pair || k == Req }
