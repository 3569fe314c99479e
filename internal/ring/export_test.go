// SPDX-License-Identifier: MIT

package ring

import "unsafe"

// NewBeforeWrap makes a ring whose positions wrap when laps times capacity values
// have gone in. With 0 laps it is an ordinary new ring.
func NewBeforeWrap[T any](capacity int, laps uint64, given ...T) *Ring[T] {
	r := new(Ring[T])
	r.initAt(-laps*uint64(capacity), capacity, given)
	return r
}

// Popped counts the values that ever came out.
func Popped[T any](r *Ring[T]) uint64 { return r.tail.pos.Load() / one }

// BeginPush is a TryPush that keeps its claim until finish is called. It is nil if
// nothing can go in, or there is no slot yet.
func BeginPush[T any](r *Ring[T], v T) (finish func()) {
	head := claim(&r.head.pos)
	if r.cannotPush(head) != OK {
		r.head.pos.Store(head)
		return nil
	}
	return func() {
		*slot(r.head.slots, head) = v
		r.head.pos.Store(head + one)
	}
}

// BeginPop is a TryPop that keeps its claim until finish is called. It is nil if
// there is nothing to take.
func BeginPop[T any](r *Ring[T]) (finish func() T) {
	tail := claim(&r.tail.pos)
	if r.cannotPop(tail) != OK {
		r.tail.pos.Store(tail)
		return nil
	}
	return func() T {
		s := slot(r.tail.slots, tail)
		v := *s
		var zero T
		*s = zero
		r.tail.pos.Store(tail + one)
		return v
	}
}

// Slots is the number of values that there is memory for.
func Slots[T any](r *Ring[T]) int { return len(r.head.slots) }

// Address is where r lies. Its ends are 128 bytes apart.
func Address[T any](r *Ring[T]) uintptr { return uintptr(unsafe.Pointer(r)) }
