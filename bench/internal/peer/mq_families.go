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

func (r *mqRig) routes(peers int) {
	router := mq.NewRouter(r.own, mq.WithMandatory()) // who drops must not look fast
	r.bind(router)
	ctx := r.ctx
	for i := range peers {
		name := peerName(i)
		dealer := mq.NewDealer(r.own, mq.WithRoutingID(name))
		r.note(dealer.Connect(r.addr))
		r.receiver(dealer)
		id := []byte(name)
		r.Send = append(r.Send, func(p []byte) error { return router.Send(ctx, mq.NewMessage(id, p)) })
	}
}
