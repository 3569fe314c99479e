// SPDX-License-Identifier: MIT

package ring

import "unsafe"

// NewBeforeWrap makes a ring whose positions wrap when laps times capacity values
// have gone in. With 0 laps it is an ordinary new ring.
func NewBeforeWrap[T any](capacity int, laps uint64) *Ring[T] {
	return newAt[T](capacity, -laps*uint64(capacity))
}

// BeginPush is a TryPush that keeps its claim until finish is called. It is nil if
// there was nothing to claim, or nothing could go in.
func BeginPush[T any](r *Ring[T], v T) (finish func()) {
	head := claim(&r.head.pos)
	if r.cannotPush(head) != OK {
		r.head.pos.Store(head)
		return nil
	}
	return func() {
		*r.head.slot(head) = v
		r.head.pos.Store(head + one)
	}
}

// BeginPop is a TryPop that keeps its claim until finish is called. It is nil if
// there was nothing to take.
func BeginPop[T any](r *Ring[T]) (finish func() T) {
	tail := claim(&r.tail.pos)
	if r.cannotPop(tail) != OK {
		r.tail.pos.Store(tail)
		return nil
	}
	return func() T {
		s := r.tail.slot(tail)
		v := *s
		var zero T
		*s = zero
		r.tail.pos.Store(tail + one)
		return v
	}
}

// BeginSeal holds the first claim of a Seal until finish is called.
func BeginSeal[T any](r *Ring[T]) (finish func()) {
	tail := claim(&r.tail.pos)
	return func() { r.tail.pos.Store(tail) }
}

// Address is where r lies. Its ends are 128 bytes apart.
func Address[T any](r *Ring[T]) uintptr { return uintptr(unsafe.Pointer(r)) }
