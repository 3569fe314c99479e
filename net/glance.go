// SPDX-License-Identifier: MIT

package mqnet

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// glances let messages that come one by one pass beside streams. Go looks which connections
// have something when a processor has nothing else to run. The two ends of a stream keep two
// processors busy until a window is used up, and whoever else waits for a message waits as
// long: 0.8 ms, with one processor 3 ms, beside four streams 6 ms. So who sends or receives a
// stream waits, now and then, for a byte that comes through a pipe from itself. It comes when
// Go looks, and so do all other messages that are there.
//
// Go does look soon. Whoever has much to write or to read finds that a glance is due, and
// waits for the same one; what is left to run are those who send and receive, until queues
// are full or empty. In any case Go looks every 10 ms.
//
// Streams do that only while messages come one by one, somewhere in the process: a stream
// alone at full speed does not. Beside others it is slower, most of all because they get more done:
// BenchmarkBeside shows both. Where goroutines compute on all processors, Go does not look
// soon; there streams wait rarely.
type glances struct {
	apart  atomic.Bool  // a message has come by itself, since somebody looked
	beside atomic.Bool  // that was not long ago
	last   atomic.Int64 // when somebody looked, by the clock
	clock  func() time.Duration

	turn *semaphore.Weighted // who looks, and waits, has it; protects the fields below
	seen time.Duration       // when apart was last found, by the clock
	took time.Duration       // by a glance, as a moving average
	echo echo
}

// Beside a stream of 1 kB, one in a hundred round trips takes 0.13 ms then, and a message of
// the stream 1.3 us; with 10 us for who writes 0.17 ms and 1.1 us, and with 20 us and whole
// batches 0.24 ms and 0.6 us (BenchmarkBeside). Who reads looks for where nobody writes, in a
// process that only receives. When it looked more often, it made nobody faster.
const (
	writerGlance = 5 * time.Microsecond   // from one to the next, for who writes
	readerGlance = 200 * time.Microsecond // and for who reads
	besideBatch  = batchMax / 2           // bytes of a batch, beside others
	besideTime   = 100 * time.Millisecond // after a message, another one is expected

	// A glance takes some microseconds, and now and then 4 ms, when Linux leaves two threads on
	// one processor.
	glanceLong = time.Millisecond // if it takes so long on average, it is not worth waiting
	glanceRest = 20               // times as long as that streams do not wait then
)

// poller is one for the process, because Go has one.
var poller = newGlances()

func newGlances() *glances {
	began := time.Now()
	return &glances{
		clock: func() time.Duration { return time.Since(began) },
		turn:  semaphore.NewWeighted(1),
	}
}

// met is told that a message has come by itself.
func (g *glances) met() {
	if !g.apart.Load() { // or all who receive would write to the same memory
		g.apart.Store(true)
	}
}

// batch is how many bytes to write before the next look.
func (g *glances) batch() int {
	if g.beside.Load() {
		return besideBatch
	}
	return batchMax
}

// look waits until Go has looked at the connections, if that is of use and the last glance
// is some time ago. It reports whether it was.
func (g *glances) look(after time.Duration) bool {
	if !g.apart.Load() && !g.beside.Load() || !g.due(after) {
		return false
	}
	_ = g.turn.Acquire(context.Background(), 1)
	defer g.turn.Release(1)
	if g.apart.Swap(false) {
		g.seen = g.clock()
	}
	beside := g.clock()-g.seen < besideTime && g.echo.open()
	g.beside.Store(beside)
	if !beside || !g.due(after) {
		return false
	}
	begun := g.clock()
	g.echo.wait()
	now := g.clock()
	g.took += (now - begun - g.took) / 8
	if g.took > glanceLong {
		now += glanceRest * g.took
		g.beside.Store(false)
	}
	g.last.Store(int64(now))
	return true
}

func (g *glances) due(after time.Duration) bool {
	return g.clock()-time.Duration(g.last.Load()) >= after
}
