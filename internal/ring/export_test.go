// SPDX-License-Identifier: MIT

package ring

import "unsafe"

// NewBeforeWrap makes a ring whose positions pass the end of uint64 when laps
// times capacity values have gone in. With 0 laps it is an ordinary new ring.
func NewBeforeWrap[T any](capacity int, laps uint64) *Ring[T] { return newAt[T](capacity, -laps) }

// BeginPush is a TryPush that stands between its claim and its stamp until
// finish is called. It is nil if there was nothing to claim.
func BeginPush[T any](r *Ring[T], v T) (finish func()) {
	head := r.head.Load()
	s := &r.slots[head&(r.mark-1)]
	if s.stamp.Load() != head || !r.head.CompareAndSwap(head, r.next(head)) {
		return nil
	}
	return func() {
		s.value = v
		s.stamp.Store(head + 1)
	}
}

// BeginPop is a TryPop that stands between its claim and its stamp until finish
// is called. It is nil if there was nothing to claim.
func BeginPop[T any](r *Ring[T]) (finish func() T) {
	tail := r.tail.Load()
	s := &r.slots[tail&(r.mark-1)]
	if s.stamp.Load() != tail+1 || !r.tail.CompareAndSwap(tail, r.next(tail)) {
		return nil
	}
	return func() T {
		v := s.value
		var zero T
		s.value = zero
		s.stamp.Store(tail + r.lap())
		return v
	}
}

// BeginSeal is a Seal that stands between its two marks until finish is called.
// It leaves the values where they are.
func BeginSeal[T any](r *Ring[T]) (finish func()) {
	r.tail.Or(r.mark)
	return func() { r.head.Or(r.mark) }
}

// SlotSpan is the address of slot i's first byte, and of the last byte that its
// stamp and its value use.
func SlotSpan[T any](r *Ring[T], i int) (first, last uintptr) {
	s := &r.slots[i]
	first = uintptr(unsafe.Pointer(s))
	return first, first + unsafe.Offsetof(s.value) + unsafe.Sizeof(s.value) - 1
}
