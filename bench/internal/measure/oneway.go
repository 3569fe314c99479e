// SPDX-License-Identifier: MIT

package measure

import (
	"sync"
	"sync/atomic"

	"github.com/seedmq/mq/bench/internal/peer"
)

// share is the i-th of k parts of n, which differ by one at most.
func share(n, k, i int) int { return n*(i+1)/k - n*i/k }

// oneWay moves n messages from all senders of the rig to all its receivers.
func oneWay(l *live, n int) (result, error) {
	var ready, sent sync.WaitGroup
	begin := make(chan struct{})
	payload := l.payload()
	received := receivers(l, n, &ready)
	for i := range l.rig.Send {
		sent.Add(1)
		l.goroutine(&ready, peer.Senders, func() {
			defer sent.Done()
			<-begin
			l.fail(l.sends(i, share(n, len(l.rig.Send), i), payload))
			l.flush()
		})
	}
	ready.Wait()
	m := start()
	close(begin)
	sent.Wait()
	<-received
	sample, took := m.stop(n)
	return result{Samples: []Sample{sample}, Took: took}, nil
}

func produce(send func([]byte) error, count int, payload []byte) error {
	for range count {
		if err := send(payload); err != nil {
			return err
		}
	}
	return nil
}

// receivers starts a goroutine for each receiver of the rig, and tells when they
// have got n messages together.
//
// Each takes an equal share, which needs no counter between them: who has his
// share leaves, and the others take the rest. That does not do if the contender
// decides who gets how many: then they count down together, and who waits for more
// when the last has come is woken by the end of the rig.
func receivers(l *live, n int, ready *sync.WaitGroup) <-chan struct{} {
	received := make(chan struct{})
	recvs := l.rig.Recv
	if l.rig.Uneven {
		countDown(l, n, ready, received)
		return received
	}
	var all sync.WaitGroup
	for i := range recvs {
		all.Add(1)
		l.goroutine(ready, peer.Receivers, func() {
			defer all.Done()
			l.fail(l.receives(i, share(n, len(recvs), i)))
		})
	}
	go func() { all.Wait(); close(received) }()
	return received
}

func countDown(l *live, n int, ready *sync.WaitGroup, received chan struct{}) {
	var left atomic.Int64
	var once sync.Once
	left.Store(int64(n))
	done := func() { once.Do(func() { close(received) }) }
	for _, recv := range l.rig.Recv {
		l.goroutine(ready, peer.Receivers, func() {
			for {
				p, err := recv()
				if left.Load() <= 0 {
					return // woken by the end of the rig
				}
				if err == nil && len(p) != l.row.size {
					err = wrongSize(len(p), l.row.size)
				}
				if err != nil {
					l.fail(err)
					done()
					return
				}
				if left.Add(-1) == 0 {
					done()
				}
			}
		})
	}
}

// bothWays moves half of the messages over each direction.
func bothWays(l *live, n int) (result, error) {
	var ready, all sync.WaitGroup
	begin := make(chan struct{})
	payload := l.payload()
	for i := range l.rig.Send {
		count := share(n, len(l.rig.Send), i)
		all.Add(2)
		l.goroutine(&ready, peer.Senders, func() {
			defer all.Done()
			<-begin
			l.fail(produce(l.rig.Send[i], count, payload))
		})
		l.goroutine(&ready, peer.Receivers, func() {
			defer all.Done()
			l.fail(consume(l.rig.Recv[i], count, l.row.size))
		})
	}
	ready.Wait()
	m := start()
	close(begin)
	all.Wait()
	sample, took := m.stop(n)
	return result{Samples: []Sample{sample}, Took: took}, nil
}

// fanIn sends from one goroutine, over the first so many peers in turn, a burst over each.
func fanIn(busy, burst int) func(l *live, n int) (result, error) {
	return func(l *live, n int) (result, error) {
		var ready sync.WaitGroup
		begin := make(chan struct{})
		payload := l.payload()
		received := receivers(l, n, &ready)
		sent := make(chan struct{})
		l.goroutine(&ready, peer.Senders, func() {
			defer close(sent)
			<-begin
			l.fail(inTurn(l.rig.Send[:busy], n, burst, payload))
		})
		ready.Wait()
		m := start()
		close(begin)
		<-sent
		<-received
		sample, took := m.stop(n)
		return result{Samples: []Sample{sample}, Took: took}, nil
	}
}

func inTurn(sends []func([]byte) error, n, burst int, payload []byte) error {
	next, left := 0, burst
	for range n {
		if err := sends[next](payload); err != nil {
			return err
		}
		if left--; left > 0 {
			continue
		}
		left = burst
		if next++; next == len(sends) {
			next = 0
		}
	}
	return nil
}
