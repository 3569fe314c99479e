// SPDX-License-Identifier: MIT

package transport

import "runtime"

// To park a goroutine and to wake it takes some microseconds, much of them the other
// side's, and many more if that wakes a processor from its sleep. So who can go no
// further waits a little before it parks, in the way that pays on its side.

// awaitRoom waits while a queue that is full empties, for at most some 10 us, and
// reports whether it has room. It gives up as soon as nobody has taken a message for a
// quarter of a microsecond: the receivers are slow, or need this processor to run.
//
// It waits for room for many messages. For a single one the two sides would go in
// step, each waiting for the other's cache line, or waking it, at every message.
// PUSH/PULL 1x1 takes 29 ns a message with this, and 43 without
// (BenchmarkPipeline, 2 cores).
func (q *Queue) awaitRoom() bool {
	enough := q.limit - max(1, q.limit/8)
	for n, looks := q.limit, 0; ; looks++ {
		for range 1000 { // instructions, about
		}
		before := n
		n = q.Len()
		if n <= enough || n >= before || looks == 40 {
			return n < q.limit
		}
	}
}

// awaitMessage lets other goroutines run, twice, and reports whether s has a message
// then. s is the only one that was ready.
//
// A request and its reply often pass that way without a wake-up, each side finding
// what the other did in the meantime: 370 ns a round trip, and 660 without. It is not
// for SUB: of 64 subscribers, those that find nothing would go through the scheduler
// for each message (BenchmarkReqRep, BenchmarkPubSub; 2 cores).
func (in *Inbox) awaitMessage(s *Source) bool {
	for range 2 {
		runtime.Gosched()
		if s.queue.Len() > 0 {
			return true
		}
	}
	return false
}
