// SPDX-License-Identifier: MIT

// Package reuse hands out memory for what is received, again and again. Large blocks that
// are made, cleared and collected for each message cost more than to receive it, and a small
// heap is collected some hundred times a second only for them.
//
// Nobody has to give a block back. Who has one may keep it, cut it, and pass it on, as with
// memory that make has returned: a block comes back when the garbage collector has found that
// nothing points into it any more, by the same proof that would have freed it. So no block
// is ever in two hands.
//
// Until then it has gone cold: the caches hold something else. Who knows that nobody else
// has a block that was lent, and that he is done with it, may return it, and the next to come
// gets it while it is warm.
package reuse

import (
	"math/bits"
	"runtime"
	"sync"
	"unsafe"
)

const (
	// Min is the size, in bytes, below which a block is not worth it: [Get] makes it.
	Min = 2 << 10
	// Free is how many bytes of blocks are kept at most while nobody has them. What was not
	// needed from one collection to the next is given up.
	Free = 32 << 20
	// LendMin is the size, in bytes, below which a block that was lent cannot be returned.
	LendMin = 16 << 10

	steps   = 4 // sizes from one power of two to the next
	largest = Free
	minBits = 11 // of Min
)

// Get returns n bytes, with anything in them.
func Get(n int) []byte { return blocks.get(n) }

// Lend is Get for who may give them to [Return].
func Lend(n int) []byte { return blocks.lend(n) }

// Return takes back what was lent, given from its first byte on; nobody uses it any more, nor
// returns it again: it may have been lent to another by then. Anything else is left alone.
func Return(b []byte) { blocks.giveBack(b) }

// shelf keeps the blocks that nobody has.
type shelf struct {
	mu    sync.Mutex // protects the fields below
	sizes []size
	lent  map[uintptr]int // where blocks begin that can be returned, and the index of their size
	bytes int             // of all blocks here
	aging bool            // collections are noticed
}

// size is the blocks of one size.
type size struct {
	bytes int
	free  []block           // the last one that came is the next to go
	least int               // the fewest that were here since the last collection
	back  func(first *byte) // the finalizer of these blocks
}

type block struct {
	bytes []byte // all of it
	armed bool   // it has the finalizer: it was returned, not collected
}

var blocks = newShelf()

func newShelf() *shelf {
	s := &shelf{lent: map[uintptr]int{}}
	for i := 0; ; i++ {
		n := sizeOf(i)
		if n > largest {
			return s
		}
		s.sizes = append(s.sizes, size{bytes: n, back: func(first *byte) { s.collected(i, unsafe.Slice(first, n)) }})
	}
}

// sizeOf is the number of bytes of the blocks at index i: Min, and from there in four steps
// to the double.
func sizeOf(i int) int { return Min / steps * (steps + i%steps) << (i / steps) }

// indexOf is the index of the smallest blocks of at least n >= Min bytes.
func indexOf(n int) int {
	doubled := bits.Len(uint(n-1)) - 1 - minBits // how often Min is, before n
	if doubled < 0 {
		return 0
	}
	step := Min / steps << doubled
	return doubled*steps + (n-1)/step - steps + 1
}

func (s *shelf) get(n int) []byte {
	if n < Min || n > largest {
		return make([]byte, n)
	}
	return s.take(n, false)
}

func (s *shelf) lend(n int) []byte {
	if n < LendMin || n > largest {
		return s.get(n)
	}
	return s.take(n, true)
}

// take returns n bytes of a block: of one that is here, or a new one.
func (s *shelf) take(n int, lend bool) []byte {
	i := indexOf(n)
	s.mu.Lock()
	b := s.takeLocked(i)
	if b.bytes == nil {
		s.mu.Unlock()
		b.bytes = make([]byte, sizeOf(i))
		s.mu.Lock()
	}
	if lend {
		s.lent[address(b.bytes)] = i
	}
	s.mu.Unlock()
	if !b.armed {
		runtime.SetFinalizer(unsafe.SliceData(b.bytes), s.sizes[i].back)
	}
	return b.bytes[:n:n]
}

func (s *shelf) takeLocked(i int) (b block) {
	z := &s.sizes[i]
	last := len(z.free) - 1
	if last < 0 {
		return b
	}
	b, z.free[last] = z.free[last], block{}
	z.free = z.free[:last]
	z.least = min(z.least, last)
	s.bytes -= z.bytes
	return b
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// collected takes in a block that nothing points to any more. Before that, its address cannot
// be that of another.
func (s *shelf) collected(i int, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lent, address(b))
	s.putLocked(i, block{bytes: b})
}

func (s *shelf) giveBack(b []byte) {
	if cap(b) < LendMin {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.lent[address(b)]
	if !ok {
		return
	}
	delete(s.lent, address(b))
	s.putLocked(i, block{unsafe.Slice(unsafe.SliceData(b), sizeOf(i)), true})
}

// putLocked takes a block in, if there is room for it.
func (s *shelf) putLocked(i int, b block) {
	z := &s.sizes[i]
	if s.bytes+z.bytes > Free {
		return
	}
	z.free = append(z.free, b)
	s.bytes += z.bytes
	if !s.aging {
		s.aging = true
		runtime.SetFinalizer(&bell{s}, (*bell).ring)
	}
}

// bell is garbage all the time, and so it is rung by each collection.
type bell struct{ *shelf }

func (b *bell) ring() {
	if b.age() {
		runtime.SetFinalizer(b, (*bell).ring)
	}
}

// age gives up what was not needed since the last collection. It reports whether anything is
// left.
func (s *shelf) age() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.sizes {
		z := &s.sizes[i]
		for _, b := range z.free[:z.least] {
			if b.armed {
				runtime.SetFinalizer(unsafe.SliceData(b.bytes), nil) // or it comes back
			}
		}
		rest := len(z.free) - z.least
		copy(z.free, z.free[z.least:])
		clear(z.free[rest:])
		z.free = z.free[:rest]
		s.bytes -= z.least * z.bytes
		z.least = rest
	}
	s.aging = s.bytes > 0
	return s.aging
}
