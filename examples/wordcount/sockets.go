// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/seedmq/mq"
)

// sockets makes the sockets of one run and remembers them: for the table at the
// end, and because their runtime closes what a part that failed left open.
type sockets struct {
	runtime *mq.Runtime
	members []member
}

// member is a socket, and whose it is.
type member struct {
	role, kind string
	socket     mq.Socket
}

func newSockets() *sockets { return &sockets{runtime: mq.NewRuntime()} }

// linger is how long Close waits for remote peers to take what is theirs. They take
// it at once, unless they hang.
const linger = 10 * time.Second

// enlist makes a socket with one of mq's constructors.
func enlist[S mq.Socket](all *sockets, role, kind string, construct func(...mq.Option) S, opts ...mq.Option) S {
	s := construct(append(opts, mq.WithRuntime(all.runtime), mq.WithLinger(linger))...)
	all.members = append(all.members, member{role, kind, s})
	return s
}

// place is where a socket is to be bound.
type place struct {
	socket mq.Socket
	addr   string
}

func bind(places ...place) error {
	for _, p := range places {
		if err := p.socket.Bind(p.addr); err != nil {
			return err
		}
	}
	return nil
}

// closeSocket closes s, and returns the messages that came back because nobody
// can take them any more.
func closeSocket(s mq.Socket) (back []mq.Message, err error) {
	err = s.Close()
	if u, ok := errors.AsType[*mq.UndeliveredError](err); ok {
		return u.Messages, nil
	}
	return nil, err
}

// closeEmpty closes sockets, which must not have anything left to deliver.
func closeEmpty(all ...mq.Socket) error {
	var errs []error
	for _, s := range all {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

const (
	restPoll  = 20 * time.Millisecond
	restPolls = 250 // without a message: 5 s, if the clock is to be trusted
)

// rest ranges over what is still on its way to s, whose peers are closing: over a
// network, that is more than Stats can count. It ends when they are gone and nothing
// is left, and in any case when nothing has come for a while.
func rest(ctx context.Context, s mq.Socket) iter.Seq2[mq.Message, error] {
	return func(yield func(mq.Message, error) bool) {
		for quiet := 0; quiet < restPolls; quiet++ {
			// Who goes leaves what has arrived, so the peers are looked at first.
			if s.Stats().Peers == 0 && s.Stats().Pending == 0 {
				return
			}
			waiting, cancel := context.WithTimeout(ctx, restPoll)
			m, err := s.Recv(waiting)
			cancel()
			if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
				continue
			}
			if !yield(m, err) || err != nil {
				return
			}
			quiet = 0
		}
	}
}
