// SPDX-License-Identifier: MIT

// Package ring provides what every queue of mq is made of: [Ring], a bounded
// lock-free queue, and [Lot], where goroutines park until a queue changes.
package ring

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync/atomic"
)

// Status says how an attempt on a ring ended.
type Status uint8

const (
	OK     Status = iota // the value went in, or came out
	Full                 // TryPush found as many values as the ring holds
	Empty                // TryPop found none
	Closed               // TryPush after Close, or TryPop of a closed ring that is empty

	cramped // there is no slot for a value that the ring may hold: grow
)

// Ring is a bounded first-in first-out queue for any number of producers and
// consumers at once. It takes no mutex and never parks. Its memory follows use: no
// slots before the first value, then a few, then four times as many whenever they are
// full, up to the capacity; after that it allocates nothing.
//
// # How it works
//
// Two positions run over an array of slots: head, where the next value goes in, and
// tail, where the next one comes out. Each is one word, with marks in its low bits:
//
//	bits of a position:  count of values | closed | claimed
//
// A producer claims head by compare-and-swap of its claimed bit, writes the slot,
// and stores the next position, which publishes the value and ends the claim at
// once. A consumer does the same with tail, and zeroes the slot. So producers meet
// each other at head, consumers meet each other at tail, and a producer meets a
// consumer only when it looks at the other's position: it keeps what it saw last,
// and looks again when that says that there is no room, or no value. Positions wrap
// with the integer; only differences are compared.
//
// Slots and what was seen are plain memory. They belong to whoever has the claim, and
// the claim goes from one to the next through the position: one store, one swap.
// A slot goes from a producer to a consumer through head, and back through tail.
//
// Full is true at the load of tail: the claim holds head still, and tail is a whole
// ring behind it. Empty is true at the load of head, for the same reason. What is
// being written or taken at that instant is not in yet, or still in.
//
// Close claims head and marks it; who claims it later finds the mark. To grow, and to
// Drain, one claims head and then tail, and nobody can do anything meanwhile. As
// nobody claims head who has tail, claims do not wait for each other in a circle.
//
// A claim is held for a few instructions. If its goroutine is descheduled right
// there, others on the same side yield until it has run again. So this is lock-free
// as engineers say it, without mutex and without parking, and not as the theory says
// it; nor is a queue with a stamp in each slot, whose consumers wait for the producer
// that stopped before its stamp.
//
// # Why this shape
//
// Nanoseconds per 16-byte value through 1000 slots, goroutines producing x consuming
// and parking in a Lot; medians of seven runs on 2 cores, BenchmarkRing. The runs
// differ by a third:
//
//	                        1x1   4x1   1x4   16x16   alone
//	this ring                27    22    29      31      20
//	  polling 30 times first 42    42    54      43      19
//	  48-byte slots          47    55    55      68      43
//	stamp in each slot       25    25    26      30      18
//	slice under a mutex      43    40    39      68      27
//	chan                     43    32    30      33      28
//	chan, select with ctx   136   138   130     130     115
//	SPSC, no claims          30                          20
//
// With a stamp in each slot (Vyukov's queue), goroutines pass each other's claims. But
// both sides write every slot's line, a slot takes 32 bytes instead of 16, and a
// capacity that is no power of two needs more arithmetic. Through mq's sockets that
// takes 33-35 ns where this ring takes 29-31, and 56 instead of 28 per delivery to 64
// subscribers (BenchmarkPipeline, BenchmarkPubSub, medians of eleven).
//
// Slots are small because a slot changes hands through a cache line; and a consumer
// that polls an empty ring drags head's line to and fro for every value, so receivers
// park at once or yield.
type Ring[T any] struct {
	head end[T] // of the producers

	// Idle is for those who wait for values. The ring does not use it: it lies where
	// producers look at it after every value, on the line they work on anyway.
	Idle atomic.Int32
	_    [128 - 48 - 4]byte

	tail end[T] // of the consumers

	// Room is where producers park that found the ring full. The ring does not use it,
	// but it lies where consumers look at it after every value.
	Room Lot

	limit int // the capacity; read-only
	most  int // values that were ever inside, at most: limit, or more if more were given; read-only
	_     [16]byte
}

// end is what one side of a ring works with: all of it, but for the slots themselves,
// in one cache line. The two are 128 bytes apart, because processors fetch lines in
// pairs. A ring has 256 bytes, which the allocator puts at a multiple of that.
type end[T any] struct {
	pos atomic.Uint64 // where the next value goes in, or comes out

	// The other fields belong to the claim of pos.
	seen  uint64 // the other end's pos as last seen, without marks
	slots []T    // none, or a power of two of them, the same at both ends
	room  uint64 // values that may be inside with these slots, in units of a position; of head only
}

// The parts of a position.
const (
	claimed uint64 = 1 << iota
	closed         // Close was called; in head only
	one            // counts values
	marks   = one - 1
)

const (
	firstSlots = 16 // a quarter of a kilobyte of 16-byte values
	slotsGrow  = 4  // times
)

// New makes a ring that holds exactly capacity values, and puts the given ones in, all
// of them. If they are more, it is full until fewer are left. It panics if capacity
// is less than 1.
func New[T any](capacity int, given ...T) *Ring[T] {
	r := new(Ring[T])
	r.Init(capacity, given...)
	return r
}

// Init is New for a ring that is part of something. r is zero before.
func (r *Ring[T]) Init(capacity int, given ...T) {
	r.initAt(0, capacity, given)
}

// initAt starts with so many values counted.
func (r *Ring[T]) initAt(count uint64, capacity int, given []T) {
	if capacity < 1 {
		panic(fmt.Sprintf("ring: capacity %d is less than 1", capacity))
	}
	r.limit = capacity
	r.most = max(capacity, len(given))
	at := count * one
	r.head.seen, r.tail.seen = at, at
	r.tail.pos.Store(at)
	if len(given) > 0 {
		r.use(make([]T, powerOfTwo(max(firstSlots, len(given)))))
		for _, v := range given {
			*slot(r.head.slots, at) = v
			at += one
		}
	}
	r.head.pos.Store(at)
}

func powerOfTwo(atLeast int) int { return 1 << bits.Len(uint(atLeast-1)) }

// use makes slots those of both ends, which the caller has claimed.
func (r *Ring[T]) use(slots []T) {
	r.head.slots, r.tail.slots = slots, slots
	r.head.room = uint64(min(len(slots), r.limit)) * one
}

// slot is the slot of position p.
func slot[T any](slots []T, p uint64) *T { return &slots[p/one&uint64(len(slots)-1)] }

// TryPush puts v at the end of the ring. It answers OK, Full or Closed.
func (r *Ring[T]) TryPush(v T) Status {
	for {
		head := r.head.pos.Load()
		if head&claimed != 0 || !r.head.pos.CompareAndSwap(head, head|claimed) {
			head = claim(&r.head.pos)
		}
		st := OK
		if head&closed != 0 || head-r.head.seen >= r.head.room {
			st = r.cannotPush(head)
		}
		if st == OK {
			*slot(r.head.slots, head) = v
			r.head.pos.Store(head + one)
			return OK
		}
		r.head.pos.Store(head)
		if st != cramped {
			return st
		}
		r.grow()
	}
}

// cannotPush tells what speaks against a push by the claimer of head; OK if nothing
// does, after all.
func (r *Ring[T]) cannotPush(head uint64) Status {
	if head&closed != 0 {
		return Closed
	}
	r.head.seen = r.tail.pos.Load() &^ marks
	switch {
	case head-r.head.seen < r.head.room:
		return OK
	case len(r.head.slots) < r.limit:
		return cramped
	}
	return Full
}

// grow gets more slots. What was made while others grew the ring is not used.
func (r *Ring[T]) grow() {
	head := claim(&r.head.pos)
	was := len(r.head.slots)
	r.head.pos.Store(head)

	slots := make([]T, powerOfTwo(min(max(firstSlots, was*slotsGrow), r.limit)))

	head = claim(&r.head.pos)
	if len(r.head.slots) == was {
		tail := claim(&r.tail.pos)
		for p := tail; p != head&^marks; p += one {
			*slot(slots, p) = *slot(r.head.slots, p)
		}
		r.use(slots)
		r.tail.pos.Store(tail)
	}
	r.head.pos.Store(head)
}

// TryPop takes the value at the front. It answers OK, Empty or Closed.
func (r *Ring[T]) TryPop() (v T, _ Status) {
	tail := r.tail.pos.Load()
	if tail&claimed != 0 || !r.tail.pos.CompareAndSwap(tail, tail|claimed) {
		tail = claim(&r.tail.pos)
	}
	if tail == r.tail.seen {
		if st := r.cannotPop(tail); st != OK {
			r.tail.pos.Store(tail)
			return v, st
		}
	}
	s := slot(r.tail.slots, tail)
	v = *s
	var zero T
	*s = zero // or the ring would keep what it points to alive
	r.tail.pos.Store(tail + one)
	return v, OK
}

// cannotPop tells what speaks against a pop by the claimer of tail; OK if nothing
// does, after all.
func (r *Ring[T]) cannotPop(tail uint64) Status {
	head := r.head.pos.Load()
	r.tail.seen = head &^ marks
	switch {
	case r.tail.seen != tail:
		return OK
	case head&closed != 0:
		return Closed
	}
	return Empty
}

// claim takes the claim of a position, from whoever has it if need be. It returns the
// position as it was without the claim; to store that, or the next one, ends the
// claim. TryPush and TryPop begin with its first attempt, in line.
//
// To look takes the line from the one who works on it. So one looks rarely, and finds
// the line free, or the other well ahead: 16 goroutines to 16 take 31 ns a message
// so, and 40 if they look ten times as often.
func claim(pos *atomic.Uint64) uint64 {
	for looks := 0; ; looks++ {
		if at := pos.Load(); at&claimed == 0 && pos.CompareAndSwap(at, at|claimed) {
			return at
		}
		if looks < 5 {
			for range 2000 { // half a microsecond
			}
		} else {
			runtime.Gosched() // the claimer was descheduled
		}
	}
}

// Cap is the number of values the ring holds.
func (r *Ring[T]) Cap() int { return r.limit }

// Len is the number of values in the ring, exact while nobody works on it.
func (r *Ring[T]) Len() int {
	tail := r.tail.pos.Load() &^ marks // first: tail never passes a head loaded later
	head := r.head.pos.Load() &^ marks
	return min(int((head-tail)/one), r.most)
}

// Pushed counts the values that ever went in.
func (r *Ring[T]) Pushed() uint64 { return r.head.pos.Load() / one }

// Close lets nothing more in: what is inside can still be taken.
func (r *Ring[T]) Close() { r.head.pos.Store(claim(&r.head.pos) | closed) }

// Drain is Close, but takes out what is inside, and returns it in order.
func (r *Ring[T]) Drain() (rest []T) {
	head := claim(&r.head.pos) &^ marks
	tail := claim(&r.tail.pos)
	for p := tail; p != head; p += one {
		rest = append(rest, *slot(r.tail.slots, p))
	}
	r.use(nil)
	r.tail.seen = head
	r.tail.pos.Store(head)
	r.head.pos.Store(head | closed)
	return rest
}
