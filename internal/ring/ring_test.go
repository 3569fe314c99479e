// SPDX-License-Identifier: MIT

package ring_test

import (
	"runtime"
	"testing"
	"time"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
)

func TestNewRefusesNoCapacity(t *testing.T) {
	for _, capacity := range []int{0, -1} {
		require.Panics(t, func() { ring.New[int](capacity) })
	}
}

// The ring is filled from every index, before, in and after the lap in which the
// positions wrap.
func TestRingHoldsExactlyItsCapacity(t *testing.T) {
	for _, capacity := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33} {
		for laps := range uint64(3) {
			for used := range 3 * capacity {
				r := ring.NewBeforeWrap[int](capacity, laps)
				for range used {
					require.Equal(t, ring.OK, r.TryPush(0))
					r.TryPop()
				}
				requireExact(t, r)
			}
		}
	}
}

// requireExact takes an empty ring.
func requireExact(t *testing.T, r *ring.Ring[int]) {
	for v := range r.Cap() {
		require.Equal(t, v, r.Len())
		require.Equal(t, ring.OK, r.TryPush(v), "with %d of %d inside", v, r.Cap())
	}
	require.Equal(t, ring.Full, r.TryPush(-1))
	for want := range r.Cap() {
		v, status := r.TryPop()
		require.Equal(t, ring.OK, status)
		require.Equal(t, want, v)
		require.Equal(t, r.Cap()-1, r.Len())
		require.Equal(t, ring.OK, r.TryPush(v), "with one place free")
		require.Equal(t, ring.Full, r.TryPush(-1))
	}
	for range r.Cap() {
		_, status := r.TryPop()
		require.Equal(t, ring.OK, status)
	}
	_, status := r.TryPop()
	require.Equal(t, ring.Empty, status)
	require.Zero(t, r.Len())
}

func TestRingDoesNotAllocate(t *testing.T) {
	r := ring.New[*int](3)
	v := new(int)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for r.TryPush(v) == ring.OK {
		}
		for status := ring.OK; status == ring.OK; _, status = r.TryPop() {
		}
	}))
}

// The runtime puts a word before some arrays with pointers; no size may make
// what a slot uses of a 16-byte value lie on two cache lines.
func TestSlotsLieInOneCacheLine(t *testing.T) {
	const line = 64
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("slots are 32 bytes only where pointers are 8")
	}
	for _, capacity := range []int{1, 2, 3, 7, 16, 17, 100, 1000, 1023, 1024, 5000} {
		r := ring.New[payload](capacity)
		for i := range capacity {
			first, last := ring.SlotSpan(r, i)
			require.Equal(t, first/line, last/line, "slot %d of %d", i, capacity)
		}
	}
}

func TestRingKeepsNothingAlive(t *testing.T) {
	r := ring.New[*[64]byte](8)
	push := func() weak.Pointer[[64]byte] {
		v := new([64]byte)
		require.Equal(t, ring.OK, r.TryPush(v))
		return weak.Make(v)
	}
	popped := []weak.Pointer[[64]byte]{push(), push(), push()}
	inside := []weak.Pointer[[64]byte]{push(), push()}
	for range popped {
		r.TryPop()
	}
	requireCollected(t, popped)
	for _, v := range inside {
		require.NotNil(t, v.Value(), "still in the ring")
	}
	require.Len(t, r.Seal(), len(inside))
	requireCollected(t, inside)
	runtime.KeepAlive(r)
}

func requireCollected(t *testing.T, values []weak.Pointer[[64]byte]) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; runtime.GC() {
		alive := 0
		for _, v := range values {
			if v.Value() != nil {
				alive++
			}
		}
		if alive == 0 {
			return
		}
		require.True(t, time.Now().Before(deadline), "%d values are kept alive", alive)
	}
}

// requireWaits starts f, and returns a channel for its end after f has had many
// turns without ending.
func requireWaits(t *testing.T, f func()) (ended chan struct{}) {
	t.Helper()
	ended = make(chan struct{})
	go func() { defer close(ended); f() }()
	for range 1000 {
		runtime.Gosched()
		select {
		case <-ended:
			require.Fail(t, "it did not wait")
		default:
		}
	}
	return ended
}

func TestPopWaitsForAPushThatHasClaimed(t *testing.T) {
	mustEnd(t)
	for _, end := range []struct {
		name string
		ring func(*ring.Ring[int])
	}{
		{"open", func(*ring.Ring[int]) {}},
		{"closed", (*ring.Ring[int]).Close},
	} {
		t.Run(end.name, func(t *testing.T) {
			r := ring.NewBeforeWrap[int](3, 1)
			finish := ring.BeginPush(r, 7)
			end.ring(r)
			require.Equal(t, 1, r.Len())
			var v int
			var status ring.Status
			ended := requireWaits(t, func() { v, status = r.TryPop() })
			finish()
			<-ended
			require.Equal(t, ring.OK, status)
			require.Equal(t, 7, v)
		})
	}
}

func TestPushWaitsForAPopThatHasClaimed(t *testing.T) {
	mustEnd(t)
	r := ring.NewBeforeWrap[int](2, 1)
	r.TryPush(1)
	r.TryPush(2)
	finish := ring.BeginPop(r)
	var status ring.Status
	ended := requireWaits(t, func() { status = r.TryPush(3) })
	require.Equal(t, 1, finish())
	<-ended
	require.Equal(t, ring.OK, status, "Full would be wrong: one value had gone")
}

// Claims do not stop anybody at other slots.
func TestOthersPassAClaim(t *testing.T) {
	r := ring.New[int](3)
	r.TryPush(1)
	finishPop := ring.BeginPop(r)
	finishPush := ring.BeginPush(r, 2)
	require.Equal(t, ring.OK, r.TryPush(3))
	require.Equal(t, 2, r.Len())
	require.Equal(t, 1, finishPop())
	finishPush()
	for _, want := range []int{2, 3} {
		v, status := r.TryPop()
		require.Equal(t, ring.OK, status)
		require.Equal(t, want, v)
	}
}

func TestSealWaitsForAPushThatHasClaimed(t *testing.T) {
	mustEnd(t)
	r := ring.New[int](3)
	r.TryPush(1)
	finish := ring.BeginPush(r, 2)
	var rest []int
	ended := requireWaits(t, func() { rest = r.Seal() })
	require.Equal(t, ring.Moved, r.TryPush(3))
	_, status := r.TryPop()
	require.Equal(t, ring.Moved, status)
	require.Empty(t, r.Seal(), "only the first returns values")
	finish()
	<-ended
	require.Equal(t, []int{1, 2}, rest)
}

func TestSealLeavesAClaimedValueToThePop(t *testing.T) {
	r := ring.NewBeforeWrap[int](2, 1)
	r.TryPush(1)
	r.TryPush(2)
	finish := ring.BeginPop(r)
	require.Equal(t, []int{2}, r.Seal())
	require.Equal(t, 1, finish())
}

// A push can still go in between the two marks of a Seal, so nobody may have
// heard Moved before it.
func TestPopWaitsForASealBetweenItsMarks(t *testing.T) {
	mustEnd(t)
	for _, inside := range []int{0, 1} {
		r := ring.New[int](2)
		for v := range inside {
			r.TryPush(v)
		}
		finish := ring.BeginSeal(r)
		var status ring.Status
		ended := requireWaits(t, func() { _, status = r.TryPop() })
		require.Equal(t, ring.OK, r.TryPush(0))
		finish()
		<-ended
		require.Equal(t, ring.Moved, status)
		require.Equal(t, ring.Moved, r.TryPush(0))
	}
}

func TestSecondSealMeansThatTheRingIsSealed(t *testing.T) {
	r := ring.New[int](1)
	ring.BeginSeal(r)
	require.Empty(t, r.Seal())
	require.Equal(t, ring.Moved, r.TryPush(0))
}
