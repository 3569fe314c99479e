// SPDX-License-Identifier: MIT

package reuse

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent")) // js/wasm's own
}

// Every length has the smallest block that holds it, and wastes a fifth of it at most.
func TestSizes(t *testing.T) {
	for n := Min; n <= 4*Min; n++ {
		requireFits(t, n)
	}
	for range 100_000 {
		requireFits(t, Min+rand.IntN(largest-Min+1))
	}
	for i := range blocks.sizes {
		require.Equal(t, i, indexOf(sizeOf(i)))
		if n := sizeOf(i) + 1; n <= largest {
			require.Equal(t, i+1, indexOf(n))
		}
	}
	requireFits(t, largest)
}

func requireFits(t *testing.T, n int) {
	i := indexOf(n)
	if i >= len(blocks.sizes) || sizeOf(i) < n || i > 0 && (sizeOf(i-1) >= n || n*5 < sizeOf(i)*4) {
		t.Fatalf("%d bytes in blocks of index %d", n, i)
	}
}

func TestGetIsExact(t *testing.T) {
	for _, n := range []int{0, 1, Min - 1, Min, Min + 1, 100_000, largest, largest + 1} {
		b := newShelf().get(n)
		require.Len(t, b, n)
		require.Equal(t, n, cap(b))
	}
}

// eventually collects garbage until ok.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); {
		require.True(t, time.Now().Before(deadline))
		runtime.GC()
		runtime.Gosched()
	}
}

func (s *shelf) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.sizes {
		n += len(s.sizes[i].free)
	}
	return n
}

// What nobody holds comes back, and is what the next one gets. What is held, by whichever
// part of it, does not.
func TestComesBack(t *testing.T) {
	s := newShelf()
	s.aging = true // nothing is given up meanwhile
	middle := s.get(100_000)[50_000:50_001]
	middle[0] = 'x'
	at := uintptr(unsafe.Pointer(unsafe.SliceData(s.get(100_000))))
	eventually(t, func() bool { return s.count() == 1 })
	again := s.get(99_000)
	require.Equal(t, at, uintptr(unsafe.Pointer(unsafe.SliceData(again))))
	clear(again)
	require.Equal(t, byte('x'), middle[0])
	require.Zero(t, s.count())
	runtime.KeepAlive(again)
	again = nil
	eventually(t, func() bool { return s.count() == 1 })
	runtime.KeepAlive(middle)
}

// What was lent and is returned is what the next one gets, once.
func TestReturned(t *testing.T) {
	s := newShelf()
	s.aging = true // nothing is given up meanwhile
	b := s.lend(100_000)
	s.giveBack(b[:1:1])
	require.Zero(t, s.count(), "too small to be one")
	s.giveBack(b[1:])
	require.Zero(t, s.count(), "not the first byte")
	for range 2 {
		s.giveBack(b[:10])
		require.Equal(t, 1, s.count(), "the second time nothing happens")
	}
	for range 3 { // also as often as one likes
		again := s.lend(99_000)
		require.Len(t, again, 99_000)
		require.Equal(t, len(again), cap(again))
		require.Equal(t, address(b), address(again))
		require.Zero(t, s.count())
		s.giveBack(again)
	}
	got := s.get(99_000)
	require.Equal(t, address(b), address(got))
	s.giveBack(got)
	require.Zero(t, s.count(), "it was not lent")
	small := s.lend(LendMin - 1)
	for _, other := range [][]byte{small, s.lend(largest + 1), make([]byte, 99_000), nil} {
		s.giveBack(other)
		require.Zero(t, s.count())
	}
	runtime.KeepAlive([][]byte{got, small})
}

// What was lent and is only dropped comes back by itself, and is forgotten as lent.
func TestLentComesBack(t *testing.T) {
	s := newShelf()
	s.aging = true // nothing is given up meanwhile
	held := [][]byte{s.lend(100_000), s.lend(100_000)}
	s.giveBack(held[1])
	held[1] = s.lend(100_000) // it still has its finalizer
	runtime.KeepAlive(held)
	eventually(t, func() bool { return s.count() == 2 })
	require.Empty(t, s.lent)
}

// What was returned and is given up does not come back once more.
func TestReturnedIsGivenUp(t *testing.T) {
	s := newShelf()
	s.aging = true // only this test tells of collections
	s.giveBack(s.lend(100_000))
	require.True(t, s.age())
	require.False(t, s.age())
	witness, gone := new([Min]byte), make(chan bool)
	runtime.SetFinalizer(witness, func(*[Min]byte) { close(gone) })
	witness = nil
	eventually(t, func() bool {
		select {
		case <-gone:
			return true
		default:
			return false
		}
	})
	require.Zero(t, s.count())
}

// Many hold blocks for some time, write their mark all over them, find it untouched, and
// return some of them.
func TestNeverInTwoHands(t *testing.T) {
	s := newShelf()
	done := make(chan bool)
	for range 4 {
		go func() {
			ok := true
			held := map[byte][]byte{}
			for range 3_000 {
				mark := byte(rand.IntN(20))
				for _, c := range held[mark] {
					ok = ok && c == mark
				}
				if rand.IntN(2) == 0 {
					s.giveBack(held[mark])
				}
				take, least := s.get, Min
				if rand.IntN(2) == 0 {
					take, least = s.lend, LendMin
				}
				b := take(least + rand.IntN(3*Min))
				for i := range b {
					b[i] = mark
				}
				held[mark] = b
			}
			done <- ok
		}()
	}
	for range 4 {
		require.True(t, <-done)
	}
}

// What is kept has a bound, and what nobody needs is given up.
func TestGivesUp(t *testing.T) {
	s := newShelf()
	s.aging = true // only this test tells of collections
	const size = 1 << 20
	i := indexOf(size)
	for range 2 * Free / size {
		s.collected(i, make([]byte, size))
	}
	require.Equal(t, Free/size, s.count())
	require.Equal(t, Free, s.bytes)

	require.True(t, s.age(), "nothing is old yet")
	require.NotNil(t, s.takeLocked(i).bytes)
	require.NotNil(t, s.takeLocked(i).bytes)
	s.collected(i, make([]byte, size))
	require.True(t, s.age())
	require.Equal(t, 1, s.count(), "but one that was needed and came back, all were there since the first time")
	require.False(t, s.age())
	require.Zero(t, s.count())
	require.Zero(t, s.bytes)
}

// The collector tells when it has been, also for a second time.
func TestAgesByItself(t *testing.T) {
	s := newShelf()
	isAging := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.aging
	}
	for range 2 {
		s.collected(0, make([]byte, Min))
		require.True(t, isAging())
		eventually(t, func() bool { return s.count() == 0 })
		require.False(t, isAging())
	}
}
