// SPDX-License-Identifier: MIT

package peer

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
)

// netConn is what all others stand on: connections, and as little around them as
// can be.
type netConn struct{}

func (netConn) Info() Info {
	return Info{
		Name:   NetConn,
		ByName: true,
		About: "Connections of package net with next to nothing around them: a floor, and nothing that could take the place of the " +
			"others. One way, 4 bytes of length and the message go through a `bufio.Writer` of 64 KiB, which is flushed when it is full " +
			"and after the last message, so a message alone would wait; messages of 16 kB and more go straight out, with their length, by " +
			"`net.Buffers`. Fan-out is a loop over such writers, flushed after each 250 messages. The other side reads through a " +
			"`bufio.Reader` of 64 KiB into one buffer, where each message overwrites the one before, so that large ones need no " +
			"new memory. Where there are many peers, in fan-in and routing, " +
			"each message leaves with a write of its own, and fan-in has a goroutine that reads for each connection, and a channel of 1000. " +
			"For a round trip the other side writes back what it has read, and nobody tells a length. There is no queue, no " +
			"goroutine in between, no allocation, no limit, no context; a lost connection stays lost.",
	}
}

// straight is the size from which on messages go past the buffer of a sender, in bytes.
const straight = 16_000

// connBuffer is the size of a buffer at either end of a connection, in bytes.
const connBuffer = 64 << 10

type netRig struct {
	Rig
	conns   []net.Conn
	readers sync.WaitGroup
	stopped chan struct{}
}

func (netConn) Open(setup context.Context, w Work) (*Rig, error) {
	if w.Over == "" {
		return nil, Cannot("connections are for the network")
	}
	addr, remove, err := wireAddr(w.Over)
	if err != nil {
		return nil, err
	}
	r := &netRig{stopped: make(chan struct{})}
	r.Stop = func() {
		close(r.stopped)
		for _, c := range r.conns {
			c.Close()
		}
	}
	r.Close = func() { r.readers.Wait(); remove() }
	if err := r.lay(setup, w, addr); err != nil {
		r.Stop()
		r.Close()
		return nil, err
	}
	return &r.Rig, nil
}

func (r *netRig) lay(setup context.Context, w Work, addr string) error {
	n := 1
	if w.Pattern == FanOut || w.Pattern == FanIn || w.Pattern == Routes {
		n = w.N
	}
	near, far, err := r.connect(setup, addr, n)
	if err != nil {
		return err
	}
	switch w.Pattern {
	case Request:
		r.echo(near[0], far[0])
	case Pipeline, FanOut:
		if w.Size >= straight {
			r.sendStraight(near)
		} else {
			r.sender(near)
		}
		for _, c := range far {
			r.receiver(c, connBuffer)
		}
	case FanIn:
		r.eachAlone(near)
		r.fanIn(far)
	case Routes:
		r.eachAlone(near)
		for _, c := range far {
			r.receiver(c, fewBuffered)
		}
	default:
		return Cannot("nobody has asked for it")
	}
	return nil
}

// connect makes n connections, and returns their two ends.
func (r *netRig) connect(setup context.Context, addr string, n int) (near, far []net.Conn, err error) {
	network, at, _ := strings.Cut(addr, "://")
	if network == "ipc" {
		network = "unix"
	}
	listener, err := net.Listen(network, at)
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	var dialer net.Dialer
	for range n {
		a, err := dialer.DialContext(setup, network, listener.Addr().String())
		if err != nil {
			return nil, nil, err
		}
		r.conns = append(r.conns, a)
		b, err := listener.Accept()
		if err != nil {
			return nil, nil, err
		}
		r.conns = append(r.conns, b)
		near, far = append(near, a), append(far, b)
	}
	return near, far, nil
}

func (r *netRig) sender(conns []net.Conn) {
	outs := make([]*bufio.Writer, len(conns))
	for i, c := range conns {
		outs[i] = bufio.NewWriterSize(c, connBuffer)
	}
	header := make([]byte, 4)
	r.Send = append(r.Send, func(p []byte) error {
		binary.BigEndian.PutUint32(header, uint32(len(p)))
		for _, out := range outs {
			out.Write(header)
			if _, err := out.Write(p); err != nil { // also if the one before failed
				return err
			}
		}
		return nil
	})
	r.Flush = func() {
		for _, out := range outs {
			out.Flush() // who receives learns of it if that fails
		}
	}
}

// sendStraight makes a sender that copies nothing.
func (r *netRig) sendStraight(conns []net.Conn) {
	header := make([]byte, 4)
	var parts [2][]byte
	var out net.Buffers
	r.Send = append(r.Send, func(p []byte) error {
		binary.BigEndian.PutUint32(header, uint32(len(p)))
		for _, c := range conns {
			parts = [2][]byte{header, p}
			out = parts[:] // which WriteTo uses up
			if _, err := out.WriteTo(c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *netRig) receiver(conn net.Conn, buffer int) { r.Recv = append(r.Recv, reads(conn, buffer)) }

// reads returns what takes a message out of a connection, through so large a buffer.
func reads(conn net.Conn, buffer int) func() ([]byte, error) {
	in := bufio.NewReaderSize(conn, buffer)
	var p []byte
	return func() ([]byte, error) {
		header, err := in.Peek(4)
		if err != nil {
			return nil, err
		}
		size := int(binary.BigEndian.Uint32(header))
		in.Discard(len(header))
		if size > cap(p) {
			p = make([]byte, size)
		}
		p = p[:size]
		_, err = io.ReadFull(in, p)
		return p, err
	}
}

// echo has one side write back what it has read.
func (r *netRig) echo(asks, serves net.Conn) {
	answer := make([]byte, connBuffer)
	r.Ask = func(p []byte) error {
		if len(p) > len(answer) {
			return fmt.Errorf("an answer of %d bytes has no room", len(p))
		}
		if _, err := asks.Write(p); err != nil {
			return err
		}
		_, err := io.ReadFull(asks, answer[:len(p)])
		return err
	}
	r.Serve = func() {
		p := make([]byte, connBuffer)
		for {
			n, err := serves.Read(p)
			if err != nil {
				return
			}
			if _, err := serves.Write(p[:n]); err != nil {
				return
			}
		}
	}
}
