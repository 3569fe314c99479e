// SPDX-License-Identifier: MIT

package main

import (
	"errors"

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

// enlist makes a socket with one of mq's constructors.
func enlist[S mq.Socket](all *sockets, role, kind string, construct func(...mq.Option) S, opts ...mq.Option) S {
	s := construct(append(opts, mq.WithRuntime(all.runtime))...)
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
