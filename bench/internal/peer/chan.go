// SPDX-License-Identifier: MIT

package peer

import "context"

// chanPeer is what the language has: a channel of []byte, bare or in a select.
type chanPeer struct {
	ctx bool // select with ctx.Done() on both sides
}

func (p chanPeer) Info() Info {
	if p.ctx {
		return Info{Name: ChanCtx, About: "The same channels, each send and receive in a `select` with `ctx.Done()`."}
	}
	return Info{
		Name: Chan,
		About: "A `chan []byte` of 1000, used bare. Pipelines and fan-in share one channel, PAIR has one for each direction, " +
			"a round trip goes over two unbuffered ones, requests under way bring a channel for the reply to as many goroutines as may " +
			"be needed, which share an unbuffered one, a router has a map of channels of 100, fan-out is a loop over one channel for each subscriber, and matching " +
			"looks up the whole topic in a map, which is less than matching prefixes.",
	}
}

func (p chanPeer) Open(setup context.Context, w Work) (*Rig, error) {
	if p.ctx && w.noCalls() {
		return nil, Cannot("the same as chan: no context takes part")
	}
	switch {
	case w.Pattern == Requests && p.ctx:
		return selectCalls(w.N), nil
	case w.Pattern == Requests:
		return openCalls(w.N), nil
	case p.ctx:
		ctx, cancel := context.WithCancel(context.Background())
		r, err := openChan(setup, w, func(capacity int) *conduit { return selected(ctx, capacity) })
		if err != nil {
			cancel()
			return nil, err
		}
		r.Stop = cancel
		return r, nil
	}
	return openChan(setup, w, bare)
}

// conduit is a channel and how it is used.
type conduit struct {
	send func([]byte) error
	recv func() ([]byte, error)
	end  func() // makes recv fail, when nobody sends any more
}

func bare(capacity int) *conduit {
	c := make(chan []byte, capacity)
	return &conduit{
		send: func(p []byte) error { c <- p; return nil },
		recv: func() ([]byte, error) {
			p, ok := <-c
			if !ok {
				return nil, errStopped
			}
			return p, nil
		},
		end: func() { close(c) },
	}
}

func openChan(setup context.Context, w Work, channel func(capacity int) *conduit) (*Rig, error) {
	r := &Rig{}
	// add makes a channel with a sender and a receiver.
	add := func(senders, receivers int) *conduit {
		c := channel(Capacity)
		for range senders {
			r.Send = append(r.Send, c.send)
		}
		for range receivers {
			r.Recv = append(r.Recv, c.recv)
		}
		return c
	}
	switch w.Pattern {
	case Pipeline:
		add(w.Producers, w.Consumers)
	case Pair:
		for range w.N {
			add(1, 1)
		}
	case Request:
		requests(r, channel(0), channel(0))
	case FanOut:
		fanOutChan(r, channel, w.N)
	case Match:
		return r, matchChan(setup, r, add(0, 1), w.Topics)
	case FanIn:
		add(w.N, 1)
	case Routes:
		routesChan(r, channel, w.N)
	case Idle:
		for range w.N {
			add(0, 1)
		}
	case Endpoints, Links:
		for range w.N {
			add(1, 0)
		}
	}
	return r, nil
}

func requests(r *Rig, there, back *conduit) {
	r.Ask = func(p []byte) error {
		if err := there.send(p); err != nil {
			return err
		}
		_, err := back.recv()
		return err
	}
	r.Serve = func() {
		for {
			p, err := there.recv()
			if err != nil || back.send(p) != nil {
				return
			}
		}
	}
	r.Stop = there.end
}

func fanOutChan(r *Rig, channel func(int) *conduit, subscribers int) {
	to := make([]*conduit, subscribers)
	for i := range to {
		to[i] = channel(Capacity)
		r.Recv = append(r.Recv, to[i].recv)
	}
	r.Send = append(r.Send, func(p []byte) error {
		for _, c := range to {
			if err := c.send(p); err != nil {
				return err
			}
		}
		return nil
	})
}

func matchChan(setup context.Context, r *Rig, subscriber *conduit, topics [][]byte) error {
	table := make(map[string]*conduit)
	for i, topic := range topics {
		if err := sooner(setup, i); err != nil {
			return err
		}
		table[string(topic)] = subscriber
	}
	r.Send = append(r.Send, func(p []byte) error { return table[string(p)].send(p) })
	r.Subscribe = func(topic string) error { table[topic] = subscriber; return nil }
	r.Unsubscribe = func(topic string) error { delete(table, topic); return nil }
	return nil
}

func routesChan(r *Rig, channel func(int) *conduit, peers int) {
	table := make(map[string]*conduit, peers)
	for i := range peers {
		name := peerName(i)
		table[name] = channel(RouteTurn)
		r.Recv = append(r.Recv, table[name].recv)
		r.Send = append(r.Send, func(p []byte) error { return table[name].send(p) })
	}
}
