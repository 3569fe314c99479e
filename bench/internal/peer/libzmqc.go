// SPDX-License-Identifier: MIT

//go:build libzmq && cgo

package peer

/*
#cgo pkg-config: libzmq
#include <stdlib.h>
#include "libzmqc.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	zmq "github.com/pebbe/zmq4"
)

// libzmqC is libzmq as a program in C uses it: loops in C on both sides.
type libzmqC struct{}

func (libzmqC) Info() Info {
	info := libzmqPeer{}.Info()
	return Info{
		Name:    LibzmqC,
		Library: info.Library,
		Module:  info.Module,
		About: "The same sockets, contexts and queues as libzmq, but what passes the messages is C: a whole run is one call on " +
			"each side, a loop over `zmq_send` or `zmq_msg_recv`, each on a thread of its own, so that no crossing from Go to C counts. " +
			"A round trip is one call of who asks, with the send and the receive in C, and who answers is a loop in C that sends back the " +
			"message it has received. Go only makes the sockets ready, and counts.",
		Foreign: true,
		ByName:  true,
	}
}

func (libzmqC) Open(setup context.Context, w Work) (*Rig, error) {
	if w.Pattern != Pipeline && w.Pattern != Request && w.Pattern != FanOut {
		return nil, Cannot("nobody has asked for it")
	}
	r, err := openZmq(setup, w)
	if err != nil {
		return nil, err
	}
	stop := (*C.int)(C.calloc(1, C.sizeof_int))
	stopGo, closeGo := r.Stop, r.Close
	r.Stop = func() { C.bench_stop(stop); stopGo() }
	r.Close = func() { closeGo(); C.free(unsafe.Pointer(stop)) }
	if w.Pattern == Request {
		r.requestInC(stop)
		return &r.Rig, nil
	}
	for _, s := range r.from {
		socket := handle(s)
		r.SendMany = append(r.SendMany, func(n int, p []byte) error {
			return inC(C.bench_send(socket, unsafe.Pointer(unsafe.SliceData(p)), C.size_t(len(p)), C.long(n), stop))
		})
	}
	for _, s := range r.to {
		socket := handle(s)
		r.RecvMany = append(r.RecvMany, func(n, size int) error {
			return inC(C.bench_recv(socket, C.size_t(size), C.long(n), stop))
		})
	}
	return &r.Rig, nil
}

func (r *zmqRig) requestInC(stop *C.int) {
	req, rep := handle(r.from[0]), handle(r.to[0])
	r.Ask = func(p []byte) error {
		return inC(C.bench_ask(req, unsafe.Pointer(unsafe.SliceData(p)), C.size_t(len(p)), stop))
	}
	r.Serve = func() { C.bench_serve(rep, stop) }
}

// handle is the socket of C in one of Go, whose package keeps it to itself.
func handle(s *zmq.Socket) unsafe.Pointer {
	return reflect.ValueOf(s).Elem().FieldByName("soc").UnsafePointer()
}

func inC(code C.int) error {
	switch code {
	case C.BENCH_OK:
		return nil
	case C.BENCH_STOPPED:
		return errStopped
	case C.BENCH_SIZE:
		return errors.New("a message of another size arrived")
	}
	return fmt.Errorf("libzmq: %w", zmq.Errno(code))
}
