// SPDX-License-Identifier: MIT

package peer

import (
	"context"
	"sync"
)

// call is a request that brings a channel for its reply.
type call struct {
	data  []byte
	reply chan []byte
}

// newCall makes one whose reply waits for nobody.
func newCall(p []byte) call { return call{p, make(chan []byte, 1)} }

// openCalls has n goroutines ask and n answer, over one channel.
func openCalls(n int) *Rig {
	requests := make(chan call)
	ask := func(p []byte) error {
		c := newCall(p)
		requests <- c
		<-c.reply
		return nil
	}
	work := func() {
		for c := range requests {
			c.reply <- c.data
		}
	}
	return callsRig(n, ask, work, func() { close(requests) })
}

// selectCalls is openCalls for a program that has to stop on a signal.
func selectCalls(n int) *Rig {
	ctx, cancel := context.WithCancel(context.Background())
	requests := make(chan call)
	ask := func(p []byte) error {
		c := newCall(p)
		select {
		case requests <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-c.reply:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	work := func() {
		for {
			select {
			case c := <-requests:
				select {
				case c.reply <- c.data:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
	return callsRig(n, ask, work, cancel)
}

func callsRig(n int, ask func([]byte) error, work, stop func()) *Rig {
	r := &Rig{Stop: stop}
	for range n {
		r.Asks = append(r.Asks, oneByOne(ask))
	}
	r.Serve = func() {
		var all sync.WaitGroup
		for range n {
			all.Go(work)
		}
		all.Wait()
	}
	return r
}
