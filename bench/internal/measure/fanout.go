// SPDX-License-Identifier: MIT

package measure

import (
	"sync"

	"github.com/seedmq/mq/bench/internal/peer"
)

// A publisher is at most a window of batches ahead of its slowest subscriber. No
// queue of a subscriber overflows that way, so that all contenders deliver
// everything; and both sides are at work all the time.
const (
	batch  = 250 // messages
	window = peer.Capacity / batch
)

// batches counts who has received which batch.
type batches [2 * window]chan struct{}

func (b *batches) received(n int) chan struct{} { return b[n%len(b)] }

// fanOut publishes n messages, which every receiver of the rig gets.
func fanOut(l *live, n int) (result, error) {
	recvs := l.rig.Recv
	var done batches
	for i := range done {
		done[i] = make(chan struct{}, len(recvs))
	}
	var ready sync.WaitGroup
	for i := range recvs {
		l.goroutine(&ready, peer.Receivers, func() { l.fail(l.inBatches(i, n, &done)) })
	}
	payload := l.payload()
	ready.Wait()
	m := start()
	last := (n - 1) / batch
	for i := range last + window + 1 {
		if i >= window {
			if err := l.awaitAll(done.received(i-window), len(recvs)); err != nil {
				return result{}, err
			}
		}
		if i <= last {
			if err := l.sends(0, min(batch, n-i*batch), payload); err != nil {
				return result{}, err
			}
			l.flush()
		}
	}
	sample, took := m.stop(n * len(recvs))
	return result{Samples: []Sample{sample}, Took: took}, nil
}

// awaitAll takes n signals.
func (l *live) awaitAll(signals <-chan struct{}, n int) error {
	for range n {
		select {
		case <-signals:
		case <-l.stopped:
			return l.failure()
		}
	}
	return nil
}

func (l *live) inBatches(receiver, n int, done *batches) error {
	for i := 0; i*batch < n; i++ {
		if err := l.receives(receiver, min(batch, n-i*batch)); err != nil {
			return err
		}
		done.received(i) <- struct{}{}
	}
	return nil
}
