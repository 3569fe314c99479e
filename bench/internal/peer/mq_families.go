// SPDX-License-Identifier: MIT

package peer

import (
	"context"

	"github.com/seedmq/mq"
)

func (r *mqRig) requests(setup context.Context, n int) {
	req, rep := mq.NewReq(r.own), mq.NewRep(r.own, mq.WithHandlers(n))
	r.join(rep, req)
	r.meet(setup, rep, 1)
	r.meet(setup, req, 1)
	ctx := r.ctx
	ask := oneByOne(func(p []byte) error { _, err := req.Do(ctx, mq.Message{Data: p}); return err })
	for range n {
		r.Asks = append(r.Asks, ask)
	}
	r.Serve = func() {
		rep.Serve(ctx, func(_ context.Context, m mq.Message) (mq.Message, error) { return m, nil })
	}
}

// dealers are two ends of which neither acknowledges anything.
func (r *mqRig) dealers(setup context.Context) {
	here, there := r.halves()
	from, to := mq.NewDealer(r.own, here, there), mq.NewDealer(r.own, here, there)
	r.join(from, to)
	r.meet(setup, from, 1)
	r.meet(setup, to, 1)
	r.sender(from)
	r.receiver(to)
}

func (r *mqRig) fanIn(setup context.Context, peers int) {
	pull := mq.NewPull(r.own)
	r.bind(pull)
	r.receiver(pull)
	pushes := make([]mq.Socket, peers)
	for i := range pushes {
		pushes[i] = mq.NewPush(r.own)
		r.note(pushes[i].Connect(r.addr))
		r.sender(pushes[i])
		r.keepUp(setup, pull, i+1)
	}
	r.meetAll(setup, pull, pushes)
}

// connected is a PULL with so many peers, and nothing to send with.
func (r *mqRig) connected(setup context.Context, peers int) {
	pull := mq.NewPull(r.own)
	r.bind(pull)
	for i := range peers {
		r.note(mq.NewPush(r.own).Connect(r.addr))
		r.keepUp(setup, pull, i+1)
	}
	r.meet(setup, pull, peers)
}

// keepUp waits every so often for those that have connected so far. Thousands at once
// are more than the system keeps for who accepts, and it lets them try again after a
// second, and then after more.
func (r *mqRig) keepUp(setup context.Context, s mq.Socket, peers int) {
	if r.over && peers%100 == 0 {
		r.meet(setup, s, peers)
	}
}

// meetAll waits until one socket is connected to all others, and each of them to it.
func (r *mqRig) meetAll(setup context.Context, one mq.Socket, others []mq.Socket) {
	if !r.over {
		return
	}
	r.meet(setup, one, len(others))
	for _, s := range others {
		r.meet(setup, s, 1)
	}
}

func (r *mqRig) routes(setup context.Context, peers int) {
	router := mq.NewRouter(r.own, mq.WithMandatory()) // who drops must not look fast
	r.bind(router)
	ctx := r.ctx
	dealers := make([]mq.Socket, peers)
	for i := range peers {
		name := peerName(i)
		dealer := mq.NewDealer(r.own, mq.WithRoutingID(name))
		r.note(dealer.Connect(r.addr))
		r.receiver(dealer)
		dealers[i] = dealer
		r.keepUp(setup, router, i+1)
		id := []byte(name)
		r.Send = append(r.Send, func(p []byte) error { return router.Send(ctx, mq.NewMessage(id, p)) })
	}
	r.meetAll(setup, router, dealers)
}
