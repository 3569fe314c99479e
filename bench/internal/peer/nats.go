// SPDX-License-Identifier: MIT

package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// natsPeer is a NATS server inside the process, started and stopped for each rig.
type natsPeer struct{}

func (natsPeer) Info() Info {
	return Info{
		Name:    NATS,
		Library: "nats-server " + moduleVersion("github.com/nats-io/nats-server/v2"),
		Module:  "github.com/nats-io/nats.go",
		About: "A NATS server in the process, without a listener, which clients reach over in-memory pipes, and in rows over tcp with one " +
			"on 127.0.0.1, so that a message makes two trips, and a request and its reply four: one connection for " +
			"all that publish and one for all that subscribe, except that each peer of fan-in has its own. Server and client copy. " +
			"The server is started and stopped for every measurement, outside the time taken. NATS drops what a slow subscriber " +
			"does not take, so about 1000 messages at most are under way, or fewer large ones, as in the queues of " +
			"the others. Requests are answered one after the other, by the goroutine of the subscription. Workers with sockets " +
			"of their own are a queue group, which deals out at random. Subjects are matched whole.",
	}
}

// natsLargest is the size of the largest payload of any row, in bytes.
const natsLargest = 10_000_000

type natsRig struct {
	Rig
	server *server.Server
	over   bool // a network
	conns  []*nats.Conn
	chans  []chan *nats.Msg
	window *window

	ending sync.Once
	mu     sync.Mutex // protects the field below
	err    error      // the first, also of the server's
}

func (natsPeer) Open(setup context.Context, w Work) (*Rig, error) {
	if w.Over == "ipc" {
		return nil, Cannot("its server listens on tcp")
	}
	options := &server.Options{DontListen: true, NoLog: true, NoSigs: true}
	if w.Over != "" {
		options.MaxPayload, options.MaxPending = 2*natsLargest, 4*mostQueued // by default 1 MiB, and 64 MiB
		options.DontListen, options.Host, options.Port = false, "127.0.0.1", server.RANDOM_PORT
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, err
	}
	r := &natsRig{server: s, over: w.Over != "", window: newWindow(w.Queue())}
	r.Stop = func() { r.ending.Do(r.end) }
	r.Close = func() { s.Shutdown(); s.WaitForShutdown() }
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		r.note(errors.New("the server does not become ready"))
	}
	r.lay(setup, w)
	r.flush()
	if err := r.why(); err != nil {
		r.Stop()
		r.Close()
		return nil, err
	}
	return &r.Rig, nil
}

func (r *natsRig) lay(setup context.Context, w Work) {
	if r.why() != nil {
		return
	}
	switch w.Pattern {
	case Pipeline:
		r.pipeline(w)
	case Pair:
		a, b := r.connect(), r.connect()
		for i := range w.N {
			ways := []*nats.Conn{a, b, a}
			subject := fmt.Sprint("way", i)
			r.senders(1, ways[i], subject)
			r.receivers(1, ways[i+1], subject, "")
		}
	case Request:
		r.request(1)
	case Requests:
		r.request(w.N)
	case FanOut:
		r.senders(1, r.connect(), "all")
		to := r.connect()
		for range w.N {
			r.receivers(1, to, "all", "")
		}
		r.window = nil // who publishes to many waits for all of them
	case Match:
		r.match(setup, w.Topics)
	case FanIn:
		r.receivers(1, r.connect(), "work", "")
		for i := range w.N {
			if r.note(sooner(setup, i)); r.why() != nil {
				return
			}
			r.senders(1, r.connect(), "work")
		}
	case Idle:
		to := r.connect()
		for range w.N {
			r.receivers(1, to, "silence", "")
		}
	case Endpoints:
		for range w.N {
			r.connect()
		}
	case Links:
		r.window = nil
		for i := range w.N {
			subject := fmt.Sprint("link", i)
			r.senders(1, r.connect(), subject)
			r.receivers(1, r.connect(), subject, "")
		}
		r.Recv = nil
		r.Flush = r.flush
	}
}

func (r *natsRig) pipeline(w Work) {
	r.senders(w.Producers, r.connect(), "work")
	to := r.connect()
	if !w.Apart {
		r.receivers(w.Consumers, to, "work", "")
		return
	}
	r.Uneven = true
	for range w.Consumers {
		r.receivers(1, to, "work", "workers")
	}
}

func (r *natsRig) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

func (r *natsRig) why() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// connect returns a connection; after an error it returns nil, and so does nothing else.
func (r *natsRig) connect() *nats.Conn {
	if r.why() != nil {
		return nil
	}
	lost := func(_ *nats.Conn, _ *nats.Subscription, err error) {
		r.note(err)
		go r.Stop()
	}
	options := []nats.Option{nats.ErrorHandler(lost), nats.NoReconnect()}
	url := ""
	if r.over {
		url = r.server.ClientURL()
	} else {
		options = append(options, nats.InProcessServer(r.server))
	}
	c, err := nats.Connect(url, options...)
	if r.note(err); err != nil {
		return nil
	}
	r.conns = append(r.conns, c)
	return c
}

// senders makes so many that publish over one connection, within a window.
func (r *natsRig) senders(n int, c *nats.Conn, subject string) {
	for range n {
		r.Send = append(r.Send, func(p []byte) error {
			if r.window != nil {
				if err := r.window.take(); err != nil {
					return err
				}
			}
			return c.Publish(subject, p)
		})
	}
}

// receivers makes so many that share one subscription.
func (r *natsRig) receivers(n int, c *nats.Conn, subject, group string) {
	if r.why() != nil {
		return
	}
	messages := r.channel()
	_, err := c.ChanQueueSubscribe(subject, group, messages)
	r.note(err)
	for range n {
		r.Recv = append(r.Recv, func() ([]byte, error) { return r.recv(messages) })
	}
}

// channel makes one with room for what a window lets through.
func (r *natsRig) channel() chan *nats.Msg {
	c := make(chan *nats.Msg, 2*Capacity)
	r.chans = append(r.chans, c)
	return c
}

func (r *natsRig) recv(messages <-chan *nats.Msg) ([]byte, error) {
	m, ok := <-messages
	if !ok {
		return nil, errors.Join(errStopped, r.why())
	}
	if r.window != nil {
		r.window.give()
	}
	return m.Data, nil
}

// flush waits until the server knows all subscriptions and has passed on what was
// published, and until that has arrived.
func (r *natsRig) flush() {
	for range 2 {
		for _, c := range r.conns {
			if r.why() == nil {
				r.note(c.Flush())
			}
		}
	}
}

// end closes the connections first: then nobody puts anything into the channels.
func (r *natsRig) end() {
	for _, c := range r.conns {
		c.Close()
	}
	if r.window != nil {
		close(r.window.stop)
	}
	for _, c := range r.chans {
		close(c)
	}
}

func (r *natsRig) request(underWay int) {
	client, service := r.connect(), r.connect()
	if r.why() != nil {
		return
	}
	_, err := service.Subscribe("question", func(m *nats.Msg) { m.Respond(m.Data) })
	r.note(err)
	r.Ask = func(p []byte) error {
		_, err := client.Request("question", p, 10*time.Second)
		return err
	}
	for range underWay {
		r.Asks = append(r.Asks, oneByOne(r.Ask))
	}
}

func (r *natsRig) match(setup context.Context, topics [][]byte) {
	from, to := r.connect(), r.connect()
	if r.why() != nil {
		return
	}
	r.window = nil
	messages := r.channel()
	known := make(map[string]*nats.Subscription)
	r.Send = append(r.Send, func(p []byte) error { return from.Publish(string(p), p) })
	r.Recv = append(r.Recv, func() ([]byte, error) { return r.recv(messages) })
	r.Subscribe = func(topic string) (err error) {
		known[topic], err = to.ChanSubscribe(topic, messages)
		return err
	}
	r.Unsubscribe = func(topic string) error { return known[topic].Unsubscribe() }
	r.Flush = r.flush
	for i, topic := range topics {
		if r.note(sooner(setup, i)); r.why() != nil {
			return
		}
		r.note(r.Subscribe(string(topic)))
	}
}
