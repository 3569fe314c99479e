// SPDX-License-Identifier: MIT

package ring_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seedmq/mq/internal/ring"
)

const benchCapacity = 1000 // mq's default HWM

// pipe is one shape of bounded queue. Its calls wait.
type pipe[T any] interface {
	push(ctx context.Context, v T) (ring.Status, error)
	pop(ctx context.Context) (T, ring.Status, error)
}

// shape is a way to make a pipe, and what the benchmarks call it.
type shape struct {
	name, suffix string
	single       bool // for one producer and one consumer only
	bench        func(b *testing.B, producers, consumers int)
	alone        func(b *testing.B)
}

func newShape[T any](name, suffix string, newPipe func() pipe[T]) shape {
	return shape{
		name: name, suffix: suffix,
		bench: func(b *testing.B, producers, consumers int) { benchPipe(b, newPipe(), producers, consumers) },
		alone: func(b *testing.B) { benchAlone(b, newPipe()) },
	}
}

// shapes: the ring, what it was chosen over, and what it would cost otherwise.
func shapes() []shape {
	spsc := newShape("spsc", "", func() pipe[payload] {
		return &queue[payload]{tryQueue: &spscRing[payload]{values: make([]payload, benchCapacity)}}
	})
	spsc.single = true
	return []shape{
		newShape("mpmc", "", func() pipe[payload] {
			return &queue[payload]{tryQueue: ring.New[payload](benchCapacity)}
		}),
		newShape("mpmc", "/spin=30", func() pipe[payload] {
			return &queue[payload]{tryQueue: ring.New[payload](benchCapacity), spin: 30}
		}),
		newShape("stamps", "", func() pipe[payload] {
			return &queue[payload]{tryQueue: newStampRing[payload](1024)}
		}),
		newShape("wide", "", func() pipe[[2]payload] {
			return &queue[[2]payload]{tryQueue: ring.New[[2]payload](benchCapacity)}
		}),
		spsc,
		newShape("mutex", "", func() pipe[payload] {
			return &queue[payload]{tryQueue: &mutexRing[payload]{values: make([]payload, benchCapacity)}}
		}),
		newShape("chan", "", func() pipe[payload] {
			return make(chanPipe[payload], benchCapacity)
		}),
		newShape("chan-ctx", "", func() pipe[payload] {
			return make(chanCtxPipe[payload], benchCapacity)
		}),
	}
}

// BenchmarkRing is the time per value that goes from some goroutines to others.
func BenchmarkRing(b *testing.B) {
	for _, s := range shapes() {
		for _, crowd := range []struct{ producers, consumers int }{{1, 1}, {4, 1}, {1, 4}, {16, 16}} {
			if s.single && crowd.producers+crowd.consumers > 2 {
				continue
			}
			name := fmt.Sprintf("shape=%s/producers=%d/consumers=%d%s", s.name, crowd.producers, crowd.consumers, s.suffix)
			b.Run(name, func(b *testing.B) { s.bench(b, crowd.producers, crowd.consumers) })
		}
	}
}

// BenchmarkRingAlone is the time of one push and one pop by the same goroutine.
func BenchmarkRingAlone(b *testing.B) {
	for _, s := range shapes() {
		b.Run(fmt.Sprintf("shape=%s%s", s.name, s.suffix), s.alone)
	}
}

func benchPipe[T any](b *testing.B, p pipe[T], producers, consumers int) {
	b.ReportAllocs()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all sync.WaitGroup
	var v T
	b.ResetTimer()
	for i := range producers {
		all.Go(func() {
			for range share(b.N, producers, i) {
				p.push(ctx, v)
			}
		})
	}
	for i := range consumers {
		all.Go(func() {
			for range share(b.N, consumers, i) {
				p.pop(ctx)
			}
		})
	}
	all.Wait()
}

// share is the part of the i-th of many in n.
func share(n, many, i int) int { return n*(i+1)/many - n*i/many }

func benchAlone[T any](b *testing.B, p pipe[T]) {
	b.ReportAllocs()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var v T
	for b.Loop() {
		p.push(ctx, v)
		p.pop(ctx)
	}
}

// chanPipe is what mq must beat by half, and cannot offer: its calls do not end
// with their context.
type chanPipe[T any] chan T

func (c chanPipe[T]) push(_ context.Context, v T) (ring.Status, error) {
	c <- v
	return ring.OK, nil
}

func (c chanPipe[T]) pop(context.Context) (T, ring.Status, error) { return <-c, ring.OK, nil }

type chanCtxPipe[T any] chan T

func (c chanCtxPipe[T]) push(ctx context.Context, v T) (ring.Status, error) {
	select {
	case c <- v:
		return ring.OK, nil
	case <-ctx.Done():
		return ring.Full, ctx.Err()
	}
}

func (c chanCtxPipe[T]) pop(ctx context.Context) (v T, _ ring.Status, _ error) {
	select {
	case v = <-c:
		return v, ring.OK, nil
	case <-ctx.Done():
		return v, ring.Empty, ctx.Err()
	}
}

// mutexRing is a ring with one lock.
type mutexRing[T any] struct {
	mu     sync.Mutex // protects the fields below
	values []T
	tail   int // index of the first
	n      int // how many
}

func (r *mutexRing[T]) TryPush(v T) ring.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == len(r.values) {
		return ring.Full
	}
	i := r.tail + r.n
	if i >= len(r.values) {
		i -= len(r.values)
	}
	r.values[i] = v
	r.n++
	return ring.OK
}

func (r *mutexRing[T]) TryPop() (v T, _ ring.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == 0 {
		return v, ring.Empty
	}
	v = r.values[r.tail]
	clear(r.values[r.tail : r.tail+1])
	if r.tail++; r.tail == len(r.values) {
		r.tail = 0
	}
	r.n--
	return v, ring.OK
}

func (r *mutexRing[T]) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

func (r *mutexRing[T]) Cap() int { return len(r.values) }

// stampRing is Vyukov's queue: a stamp in each slot says whose turn it is, and
// goroutines of both sides meet at every slot. The capacity is a power of two.
type stampRing[T any] struct {
	slots []stampSlot[T] // read-only

	_    [128]byte
	head atomic.Uint64
	_    [128]byte
	tail atomic.Uint64
	_    [128]byte
}

// stampSlot is half a cache line for a payload.
type stampSlot[T any] struct {
	stamp atomic.Uint64
	value T
	_     [8]byte
}

func newStampRing[T any](capacity int) *stampRing[T] {
	r := &stampRing[T]{slots: make([]stampSlot[T], capacity)}
	for i := range r.slots {
		r.slots[i].stamp.Store(uint64(i))
	}
	return r
}

func (r *stampRing[T]) TryPush(v T) ring.Status {
	for {
		head := r.head.Load()
		s := &r.slots[head&uint64(len(r.slots)-1)]
		switch stamp := s.stamp.Load(); {
		case stamp == head:
			if r.head.CompareAndSwap(head, head+1) {
				s.value = v
				s.stamp.Store(head + 1)
				return ring.OK
			}
		case stamp+uint64(len(r.slots)) == head+1:
			return ring.Full
		}
	}
}

func (r *stampRing[T]) TryPop() (v T, _ ring.Status) {
	for {
		tail := r.tail.Load()
		s := &r.slots[tail&uint64(len(r.slots)-1)]
		switch stamp := s.stamp.Load(); {
		case stamp == tail+1:
			if r.tail.CompareAndSwap(tail, tail+1) {
				v = s.value
				var zero T
				s.value = zero
				s.stamp.Store(tail + uint64(len(r.slots)))
				return v, ring.OK
			}
		case stamp == tail:
			return v, ring.Empty
		}
	}
}

func (r *stampRing[T]) Len() int { return int(r.head.Load() - r.tail.Load()) }

func (r *stampRing[T]) Cap() int { return len(r.slots) }

// spscRing is for one producer and one consumer: each has its own position, and
// looks at the other's only when the last look shows no room, or no value.
type spscRing[T any] struct {
	values []T // read-only

	_         [128]byte
	head      atomic.Uint64 // written by the producer
	tailIndex int           // producer's, as is the next
	tailSeen  uint64

	_         [128]byte
	tail      atomic.Uint64 // written by the consumer
	headIndex int           // consumer's, as is the next
	headSeen  uint64

	_ [128]byte
}

func (r *spscRing[T]) TryPush(v T) ring.Status {
	head := r.head.Load()
	if head-r.tailSeen == uint64(len(r.values)) {
		if r.tailSeen = r.tail.Load(); head-r.tailSeen == uint64(len(r.values)) {
			return ring.Full
		}
	}
	r.values[r.tailIndex] = v
	if r.tailIndex++; r.tailIndex == len(r.values) {
		r.tailIndex = 0
	}
	r.head.Store(head + 1)
	return ring.OK
}

func (r *spscRing[T]) TryPop() (v T, _ ring.Status) {
	tail := r.tail.Load()
	if tail == r.headSeen {
		if r.headSeen = r.head.Load(); tail == r.headSeen {
			return v, ring.Empty
		}
	}
	v = r.values[r.headIndex]
	clear(r.values[r.headIndex : r.headIndex+1])
	if r.headIndex++; r.headIndex == len(r.values) {
		r.headIndex = 0
	}
	r.tail.Store(tail + 1)
	return v, ring.OK
}

func (r *spscRing[T]) Len() int { return int(r.head.Load() - r.tail.Load()) }

func (r *spscRing[T]) Cap() int { return len(r.values) }
