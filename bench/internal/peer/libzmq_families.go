// SPDX-License-Identifier: MIT

//go:build libzmq && cgo

package peer

import (
	"fmt"

	zmq "github.com/pebbe/zmq4"
)

// requests has one thread keep n under way: what a socket that one thread may use is
// made for. A queue hears of what was taken from it in portions of half its bound, so
// that has to be larger than what is under way.
func (r *zmqRig) requests(n int) {
	r.half = Capacity
	dealer, router := r.socket(zmq.DEALER), r.socket(zmq.ROUTER)
	r.join(router, dealer, 0)
	ask := func(count int, p []byte) error {
		sent := 0
		for received := range count {
			for ; sent < min(count, received+n); sent++ {
				if err := r.send(dealer, p); err != nil {
					return err
				}
			}
			reply, err := r.recv(dealer)
			if err != nil {
				return err
			}
			if len(reply) != len(p) {
				return fmt.Errorf("a reply of %d bytes to a request of %d", len(reply), len(p))
			}
		}
		return nil
	}
	r.Asks = append(r.Asks, ask)
	answer := func() error {
		id, err := r.recv(router)
		if err != nil {
			return err
		}
		p, err := r.recv(router)
		if err == nil {
			_, err = router.SendBytes(id, zmq.SNDMORE) // a ROUTER does not block
		}
		if err == nil {
			_, err = router.SendBytes(p, 0)
		}
		return err
	}
	if r.wire != "" && r.err == nil { // until the connection is up at both ends
		r.note(r.send(dealer, []byte("hello")))
		r.note(answer())
		_, err := r.recv(dealer)
		r.note(err)
	}
	r.Serve = func() {
		for answer() == nil {
		}
	}
}

// routes has every peer say its name first: until then, a ROUTER does not know it.
func (r *zmqRig) routes(peers int) {
	router := r.socket(zmq.ROUTER)
	r.bind(router, 0)
	for i := range peers {
		id := []byte(peerName(i))
		dealer := r.socket(zmq.DEALER)
		if r.err != nil {
			return
		}
		r.note(dealer.SetIdentity(string(id)))
		r.connect(dealer, 0)
		r.pass(dealer, router, id)
		r.receiver(dealer)
		r.Send = append(r.Send, func(p []byte) error {
			if err := r.sendPart(router, id, zmq.SNDMORE); err != nil {
				return err
			}
			return r.send(router, p)
		})
	}
	if r.err == nil {
		r.note(router.SetRouterMandatory(1))
	}
}

// pass sends a message from a DEALER to a ROUTER, which puts an id before it.
func (r *zmqRig) pass(dealer, router *zmq.Socket, p []byte) {
	if r.err == nil {
		r.note(r.send(dealer, p))
	}
	for range 2 {
		if r.err == nil {
			_, err := r.recv(router)
			r.note(err)
		}
	}
}
