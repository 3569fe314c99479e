// SPDX-License-Identifier: MIT

package transport

import "runtime"

// To park a goroutine and to wake it takes some microseconds, much of them the other
// side's, and many more if that wakes a processor from its sleep. So who can go no
// further waits a little before it parks, in the way that pays on its side.
//
// Both wait for many messages, or for room for many, where there is a stream of them.
// For a single one the two sides would go in step, each waiting for the other's cache
// line at every message. PUSH/PULL 1x1 takes 49 ns a message with both, 62 if only
// senders wait, and 16x16 49 and 68 (BenchmarkPipeline on 2 busy cores).

// spin is about a quarter of a microsecond.
func spin() {
	for range 1000 {
	}
}

// alone reports whether nobody can do anything while this goroutine spins.
func alone() bool { return runtime.GOMAXPROCS(0) == 1 }

// awaitRoom waits while a queue that is full empties, for at most some 10 us, and
// reports whether it has room. It gives up as soon as nobody has taken a message for a
// quarter of a microsecond: the receivers are slow, or need this processor to run.
func (q *Queue) awaitRoom() bool {
	limit := q.ring.Cap()
	if alone() {
		runtime.Gosched()
		return q.Len() < limit
	}
	enough := limit - max(1, limit/8)
	for n, looks := limit, 0; ; looks++ {
		spin()
		before := n
		n = q.Len()
		if n <= enough || n >= before || looks == 40 {
			return n < limit
		}
	}
}

// stream is how many messages without a wait are more than a few that came at once.
const stream = 16

// awaitMessage lets other goroutines run, twice, and reports whether s has a message
// then. In a stream it waits for a microsecond before. s is the only source.
//
// A request and its reply often pass that way without a wake-up, each side finding
// what the other did in the meantime: 370 ns a round trip, and 660 without. It is not
// for SUB: of 64 subscribers, those that find nothing would go through the scheduler
// for each message (BenchmarkReqRep, BenchmarkPubSub; 2 cores).
func (in *Inbox) awaitMessage(s *Source) bool {
	taken := in.taken.Load()
	if taken-in.waited.Swap(taken) >= stream && !alone() {
		for range 4 {
			spin()
		}
	}
	for range 2 {
		runtime.Gosched()
		if s.queue.Len() > 0 {
			return true
		}
	}
	return false
}
