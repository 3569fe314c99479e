// SPDX-License-Identifier: MIT

//go:build libzmq && cgo

package peer

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	zmq "github.com/pebbe/zmq4"
)

// libzmqPeer is the ZeroMQ library in C over inproc, each rig with a context of its own.
type libzmqPeer struct{}

func (libzmqPeer) Info() Info {
	major, minor, patch := zmq.Version()
	return Info{
		Name:    Libzmq,
		Library: fmt.Sprintf("libzmq %d.%d.%d", major, minor, patch),
		Module:  "github.com/pebbe/zmq4",
		About: "The C library over `inproc://` through cgo. Its sockets are not safe for several goroutines, so each goroutine " +
			"has a socket of its own on a thread of its own (4x1 is 4 PUSH to one PULL, 1x4 one PUSH to 4 PULL, 16x16 every PUSH " +
			"to every PULL), and each pair of sockets has a queue of 1000; without bound for PUB and SUB, because a PUB learns " +
			"so late of what was received that it drops messages for a queue that is empty. Requests under way are those of a single " +
			"thread with a DEALER, which sends the next one whenever a reply comes, to a single thread with a ROUTER: nobody looks up whose " +
			"reply it is, and wakes him. A program whose threads ask has to add that, and ids to tell replies apart. Over tcp and ipc each end has " +
			"a context of its own, with the one I/O thread that is the default, as it would in two processes, and a queue of 500, " +
			"or less for large messages. " +
			"Bytes are copied on both sides, as cgo demands, and each message crosses from Go to C six times, once to be sent and " +
			"five times to be received, which a program in C saves: see libzmq-c. " +
			"What it allocates in C is not in the columns for allocations, and its memory is that of the whole process.",
		Foreign: true,
	}
}

// turn is how often a call that blocks looks whether the rig was stopped.
const turn = 50 * time.Millisecond

// zmqRig gathers sockets, and the first error on the way.
type zmqRig struct {
	Rig
	ctxs    []*zmq.Context // one, or one for each end
	wire    string         // where to bind, and once that is done, to connect; "" for inproc
	sockets []*zmq.Socket
	stopped atomic.Bool
	timeout time.Duration // of every call; -1 to wait for ever
	half    int           // of what the queue of a pair of sockets holds; 0 for no bound
	err     error

	from, to []*zmq.Socket // by the index of Send and Recv; of a request, who asks and who serves
}

func (libzmqPeer) Open(setup context.Context, w Work) (*Rig, error) {
	r, err := openZmq(setup, w)
	if err != nil {
		return nil, err
	}
	return &r.Rig, nil
}

func openZmq(setup context.Context, w Work) (*zmqRig, error) {
	if w.Pattern == Pair && w.N == 2 {
		return nil, Cannot("a socket can be used by one goroutine at a time, so none sends while another receives")
	}
	many := w.Over != "" && (w.Pattern == FanIn || w.Pattern == Routes)
	if files := 3*w.N + 100; many && files > OpenFiles() {
		return nil, Cannot(fmt.Sprintf("it needs %d open files, and a process may have %d", files, OpenFiles()))
	}
	r := newZmqRig(w)
	if many {
		r.half = Capacity // what a socket has by default
	}
	remove := func() {}
	if w.Over != "" {
		r.wire, remove, r.err = wireAddr(w.Over)
		r.context()
	}
	r.context()
	r.Close = func() { r.close(); remove() }
	defer context.AfterFunc(setup, r.Stop)()
	if r.err == nil {
		r.lay(setup, w)
	}
	if r.err != nil {
		r.Close()
		return nil, r.err
	}
	return r, nil
}

func newZmqRig(w Work) *zmqRig {
	r := &zmqRig{timeout: turn, half: w.Queue() / 2}
	r.Threads = bothSides
	r.Stop = func() { r.stopped.Store(true) }
	return r
}

func (r *zmqRig) context() {
	ctx, err := zmq.NewContext()
	if r.note(err); err == nil {
		r.note(ctx.SetMaxSockets(20_000))
		r.ctxs = append(r.ctxs, ctx)
	}
}

func (r *zmqRig) lay(setup context.Context, w Work) {
	switch w.Pattern {
	case Pipeline:
		r.pipeline(w)
	case Pair:
		a, b := r.socket(zmq.PAIR), r.socket(zmq.PAIR)
		r.join(a, b, 0)
		r.sender(a)
		r.receiver(b)
	case Request:
		r.request()
	case Requests:
		r.requests(w.N)
	case FanOut:
		r.fanOut(w.N)
	case Match:
		r.match(setup, w.Topics)
	case FanIn:
		r.pipeline(Work{Producers: w.N, Consumers: 1})
	case Routes:
		r.routes(w.N)
	case Idle:
		r.timeout = -1
		for i := range w.N {
			push, pull := r.socket(zmq.PUSH), r.socket(zmq.PULL)
			r.join(push, pull, i)
			r.receiver(pull)
		}
	case Endpoints:
		for range w.N {
			r.socket(zmq.PUSH)
		}
	case Links:
		for i := range w.N {
			push, pull := r.socket(zmq.PUSH), r.socket(zmq.PULL)
			r.join(push, pull, i)
			r.sender(push)
		}
	}
}

func (r *zmqRig) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

// socket makes one. The bound of a queue is the sum of two marks, one of each side. After an error it returns nil, and so does nothing else.
func (r *zmqRig) socket(t zmq.Type) *zmq.Socket {
	if r.err != nil {
		return nil
	}
	ctx := r.ctxs[0]
	if t == zmq.PUSH || t == zmq.REQ || t == zmq.SUB || t == zmq.DEALER { // those that connect
		ctx = r.ctxs[len(r.ctxs)-1]
	}
	s, err := ctx.NewSocket(t)
	if r.note(err); err != nil {
		return nil
	}
	r.sockets = append(r.sockets, s)
	r.note(s.SetSndhwm(r.half))
	r.note(s.SetRcvhwm(r.half))
	r.note(s.SetLinger(0))
	r.note(s.SetSndtimeo(r.timeout))
	r.note(s.SetRcvtimeo(r.timeout))
	return s
}

// addr is the i-th address of the rig, and over a network the only one.
func (r *zmqRig) addr(i int) string {
	if r.wire != "" {
		return r.wire
	}
	return fmt.Sprint("inproc://bench", i)
}

func (r *zmqRig) bind(s *zmq.Socket, i int) {
	if r.err == nil {
		r.note(s.Bind(r.addr(i)))
	}
	if r.err == nil && r.wire != "" {
		addr, err := s.GetLastEndpoint()
		r.note(err)
		r.wire = addr
	}
}

func (r *zmqRig) connect(s *zmq.Socket, i int) {
	if r.err == nil {
		r.note(s.Connect(r.addr(i)))
	}
}

func (r *zmqRig) join(bound, connected *zmq.Socket, i int) {
	r.bind(bound, i)
	r.connect(connected, i)
}

func (r *zmqRig) send(s *zmq.Socket, p []byte) error { return r.sendPart(s, p, 0) }

func (r *zmqRig) sendPart(s *zmq.Socket, p []byte, flags zmq.Flag) error {
	for {
		_, err := s.SendBytes(p, flags)
		if err == nil || !r.again(err) {
			return err
		}
	}
}

func (r *zmqRig) recv(s *zmq.Socket) ([]byte, error) {
	for {
		p, err := s.RecvBytes(0)
		if err == nil || !r.again(err) {
			return p, err
		}
	}
}

// again reports whether a call ended only to look whether the rig was stopped.
func (r *zmqRig) again(err error) bool {
	return zmq.AsErrno(err) == zmq.Errno(syscall.EAGAIN) && !r.stopped.Load()
}

func (r *zmqRig) sender(s *zmq.Socket) {
	r.from = append(r.from, s)
	r.Send = append(r.Send, func(p []byte) error { return r.send(s, p) })
}

func (r *zmqRig) receiver(s *zmq.Socket) {
	r.to = append(r.to, s)
	r.Recv = append(r.Recv, func() ([]byte, error) { return r.recv(s) })
}

func (r *zmqRig) close() {
	for _, s := range r.sockets {
		s.Close()
	}
	for _, ctx := range r.ctxs {
		ctx.Term()
	}
}
