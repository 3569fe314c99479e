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

// A value that is being written is not in yet.
func TestPopDoesNotWaitForAPush(t *testing.T) {
	r := ring.NewBeforeWrap[int](3, 1)
	finish := ring.BeginPush(r, 7)
	_, status := r.TryPop()
	require.Equal(t, ring.Empty, status)
	require.Zero(t, r.Len())
	finish()
	v, status := r.TryPop()
	require.Equal(t, ring.OK, status)
	require.Equal(t, 7, v)
}

// A value that is being taken is still in.
func TestPushDoesNotWaitForAPop(t *testing.T) {
	r := ring.NewBeforeWrap[int](2, 1)
	r.TryPush(1)
	r.TryPush(2)
	finish := ring.BeginPop(r)
	require.Equal(t, ring.Full, r.TryPush(3))
	require.Equal(t, 2, r.Len())
	require.Equal(t, 1, finish())
	require.Equal(t, ring.OK, r.TryPush(3))
}

// Whoever meets a claim gets its own when that is over.
func TestClaimsWaitForClaims(t *testing.T) {
	mustEnd(t)
	tests := map[string]struct {
		begin func(*ring.Ring[int]) (finish func())
		then  func(*ring.Ring[int]) ring.Status
		want  ring.Status
		rest  []int // afterwards
	}{
		"push, push":  {beginPush, tryPush, ring.OK, []int{1, 2, 3}},
		"push, close": {beginPush, closeRing, ring.OK, []int{1, 2}},
		"pop, pop":    {beginPop, tryPop, ring.Empty, nil},
		"push, seal":  {beginPush, sealRing, ring.OK, nil},
		"pop, seal":   {beginPop, sealRing, ring.OK, nil},
		"seal, pop":   {ring.BeginSeal[int], tryPop, ring.OK, nil},
		"seal, seal":  {ring.BeginSeal[int], sealRing, ring.OK, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := ring.NewBeforeWrap[int](3, 1)
			r.TryPush(1)
			finish := test.begin(r)
			var status ring.Status
			ended := requireWaits(t, func() { status = test.then(r) })
			finish()
			<-ended
			require.Equal(t, test.want, status)
			require.Equal(t, test.rest, r.Seal())
		})
	}
}

func beginPush(r *ring.Ring[int]) (finish func()) { return ring.BeginPush(r, 2) }

func beginPop(r *ring.Ring[int]) (finish func()) {
	pop := ring.BeginPop(r)
	return func() { pop() }
}

func tryPush(r *ring.Ring[int]) ring.Status { return r.TryPush(3) }

func tryPop(r *ring.Ring[int]) ring.Status { _, status := r.TryPop(); return status }

func closeRing(r *ring.Ring[int]) ring.Status { r.Close(); return ring.OK }

func sealRing(r *ring.Ring[int]) ring.Status { r.Seal(); return ring.OK }

// What was claimed before a Seal is in, or out, when Seal looks.
func TestSealSeesWhatWasClaimedBefore(t *testing.T) {
	mustEnd(t)
	r := ring.NewBeforeWrap[int](3, 1)
	for v := range 2 {
		r.TryPush(v)
	}
	finishPush, finishPop := ring.BeginPush(r, 2), ring.BeginPop(r)
	var rest []int
	ended := requireWaits(t, func() { rest = r.Seal() })
	finishPush()
	require.Equal(t, 0, finishPop())
	<-ended
	require.Equal(t, []int{1, 2}, rest)
}

// Each end has a line of its own, wherever the allocator puts the ring.
func TestEndsLieOnTheirOwnLines(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the layout is for 64 bits")
	}
	var rings []*ring.Ring[payload] // on the heap
	for range 100 {
		rings = append(rings, ring.New[payload](1))
	}
	for _, r := range rings {
		require.Zero(t, ring.Address(r)%256)
	}
}
