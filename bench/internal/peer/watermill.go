// SPDX-License-Identifier: MIT

package peer

import (
	"context"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
)

// watermillPeer is Watermill's in-process Pub/Sub.
type watermillPeer struct{}

func (watermillPeer) Info() Info {
	return Info{
		Name:   "watermill",
		Module: "github.com/ThreeDotsLabs/watermill",
		About: "Watermill's `gochannel`, not persistent, with subscriptions of 1000. `Publish` starts goroutines for each message " +
			"that wait until it is acknowledged, and does not keep them in order; about 1000 messages at most are under way. Every " +
			"subscription gets every message, so goroutines that compete share one. Messages have no UUID, which saves it the cost " +
			"of making one. PAIR and round trips use a topic for each direction; peers of fan-in share the one `GoChannel`. What " +
			"the runtime keeps of so many goroutines would be in the heap of the others, therefore it is measured in a process of " +
			"its own each time.",
		Apart: true,
	}
}

type watermillRig struct {
	Rig
	hub    *gochannel.GoChannel
	window *window
	err    error
}

func (watermillPeer) Open(_ context.Context, w Work) (*Rig, error) {
	r := &watermillRig{window: newWindow(Capacity)}
	r.hub = gochannel.NewGoChannel(gochannel.Config{OutputChannelBuffer: Capacity}, nil)
	r.Stop = sync.OnceFunc(func() {
		close(r.window.stop)
		r.hub.Close()
	})
	if r.lay(w); r.err != nil {
		r.Stop()
		return nil, r.err
	}
	return &r.Rig, nil
}

func (r *watermillRig) lay(w Work) {
	switch w.Pattern {
	case Pipeline:
		if w.Apart {
			r.err = Cannot("every subscription gets every message, so workers with one of their own would not share the work")
			return
		}
		r.senders(w.Producers, "work", r.window)
		r.receivers(w.Consumers, "work", r.window)
	case Pair:
		for i := range w.N {
			win := r.window
			topic := fmt.Sprint("way", i)
			r.senders(1, topic, win)
			r.receivers(1, topic, win)
		}
	case Request:
		r.request()
	case FanOut:
		r.senders(1, "all", nil)
		for range w.N {
			r.receivers(1, "all", nil)
		}
	case Match:
		r.err = Cannot("topics are exact, and each subscription has a channel of its own: nobody can wait on thousands of them")
	case FanIn:
		r.senders(w.N, "work", r.window)
		r.receivers(1, "work", r.window)
	case Idle:
		for range w.N {
			r.receivers(1, "silence", nil)
		}
	case Endpoints:
		r.err = Cannot("there are no endpoints: the one `GoChannel` serves all")
	case Links:
		for i := range w.N {
			topic := fmt.Sprint("link", i)
			r.senders(1, topic, nil)
			r.subscribe(topic)
		}
	}
}

func (r *watermillRig) senders(n int, topic string, win *window) {
	for range n {
		r.Send = append(r.Send, func(p []byte) error {
			if win != nil {
				if err := win.take(); err != nil {
					return err
				}
			}
			return r.hub.Publish(topic, message.NewMessage("", p))
		})
	}
}

func (r *watermillRig) subscribe(topic string) <-chan *message.Message {
	messages, err := r.hub.Subscribe(context.Background(), topic)
	if r.err == nil {
		r.err = err
	}
	return messages
}

// receivers makes so many that share one subscription.
func (r *watermillRig) receivers(n int, topic string, win *window) {
	messages := r.subscribe(topic)
	for range n {
		r.Recv = append(r.Recv, func() ([]byte, error) {
			p, err := take(messages)
			if win != nil && err == nil {
				win.give()
			}
			return p, err
		})
	}
}

func take(messages <-chan *message.Message) ([]byte, error) {
	m, ok := <-messages
	if !ok {
		return nil, errStopped
	}
	m.Ack()
	return m.Payload, nil
}

func (r *watermillRig) request() {
	questions, answers := r.subscribe("question"), r.subscribe("answer")
	r.Ask = func(p []byte) error {
		if err := r.hub.Publish("question", message.NewMessage("", p)); err != nil {
			return err
		}
		_, err := take(answers)
		return err
	}
	r.Serve = func() {
		for {
			p, err := take(questions)
			if err != nil || r.hub.Publish("answer", message.NewMessage("", p)) != nil {
				return
			}
		}
	}
}
