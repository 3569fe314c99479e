// SPDX-License-Identifier: MIT

package mqtest

import "runtime"

// manyTimes runs f again and again: first on one processor, where a goroutine
// that was woken twice learns of both at once, then on all of them, where
// goroutines really run at the same time. Over a network, where settling takes
// time, it is not so many; and with as many processors as there are, because other
// laws run meanwhile, and who restores the number last may restore what another has set.
func (e *Env) manyTimes(f func(i int)) {
	if !e.scheme.Inproc {
		for i := range 10 {
			f(i)
		}
		return
	}
	const times = 100
	all := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(all)
	for i := range times {
		f(i)
	}
	runtime.GOMAXPROCS(all)
	for i := range times {
		f(i)
	}
}

// meanwhile does two things as good as at the same time, in both orders.
func meanwhile(i int, one, two func()) {
	if i%2 == 0 {
		one, two = two, one
	}
	one()
	dither(i / 2)
	two()
}

// dither lets others run for a little while, another while each time, so that
// what happens at the same time meets at many moments.
func dither(i int) {
	for range i % 16 {
		runtime.Gosched()
	}
}
