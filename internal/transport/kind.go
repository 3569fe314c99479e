// SPDX-License-Identifier: MIT

package transport

import "slices"

// Kind is the type of a socket. The values are the codes of ZMTP 2.0 (RFC 15).
type Kind uint8

const (
	Pair   Kind = 0
	Pub    Kind = 1
	Sub    Kind = 2
	Req    Kind = 3
	Rep    Kind = 4
	Dealer Kind = 5
	Router Kind = 6
	Pull   Kind = 7
	Push   Kind = 8
	XPub   Kind = 9
	XSub   Kind = 10
)

// kinds tells what each socket is called on the wire, and whom it may talk to, the
// first of them its likeness: the one whose messages need no change (37/ZMTP, The Socket
// Type Property).
var kinds = [...]struct {
	name  string
	peers []Kind
}{
	Pair:   {"PAIR", []Kind{Pair}},
	Pub:    {"PUB", []Kind{Sub, XSub}},
	Sub:    {"SUB", []Kind{Pub, XPub}},
	Req:    {"REQ", []Kind{Rep, Router}},
	Rep:    {"REP", []Kind{Req, Dealer}},
	Dealer: {"DEALER", []Kind{Router, Dealer, Rep}},
	Router: {"ROUTER", []Kind{Dealer, Router, Req}},
	Pull:   {"PULL", []Kind{Push}},
	Push:   {"PUSH", []Kind{Pull}},
	XPub:   {"XPUB", []Kind{XSub, Sub}},
	XSub:   {"XSUB", []Kind{XPub, Pub}},
}

func (k Kind) String() string { return kinds[k].name }

// Peer is the kind that a session stands for, if the socket is of kind k: whatever the
// remote socket is, the session brings its messages into the shape that k has.
func (k Kind) Peer() Kind { return kinds[k].peers[0] }

// Fits reports whether a socket of kind k may talk to one of the other kind.
func (k Kind) Fits(other Kind) bool { return slices.Contains(kinds[k].peers, other) }

// Accepts reports whether a socket of kind k may talk to a remote one that says it is
// of this type.
func (k Kind) Accepts(name string) bool {
	return slices.ContainsFunc(kinds[k].peers, func(other Kind) bool { return other.String() == name })
}

// Sends reports whether messages go out from a socket of kind k, beside subscriptions.
func (k Kind) Sends() bool { return k != Sub && k != Pull }

// Receives reports whether messages come in to the application of a socket of kind k.
func (k Kind) Receives() bool { return k != Pub && k != Push }

// Publishes reports whether a socket of kind k has subscribers.
func (k Kind) Publishes() bool { return k == Pub || k == XPub }

// Refuses reports whether a socket of kind k may refuse a peer that fits: PAIR has one at
// a time, and ROUTER one of each routing id.
func (k Kind) Refuses() bool { return k == Pair || k == Router }

// Lossless reports whether what a socket of kind k has sent, and nobody can take
// any more, is handed back by a Close. Of PUB it is dropped, and an answer of REP or
// ROUTER is no use to another.
func (k Kind) Lossless() bool { return k == Push || k == Pair || k == Req || k == Dealer }
