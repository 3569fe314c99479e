// SPDX-License-Identifier: MIT

package ring_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
)

// The operations of a model. Any other byte pushes if it is even and pops if it
// is odd.
const (
	opFill  = 252 + iota // push until that fails
	opDrain              // pop until that fails
	opClose
	opSeal
)

// model drives a ring, and keeps beside it the slice that says what it must answer.
type model struct {
	t              *testing.T
	ring           *ring.Ring[int]
	wrap           uint64 // values until the positions pass the end of uint64, 0 if never
	start          uint64 // what Pushed and Popped answered at first
	pushed, popped uint64
	values         []int
	closed, sealed bool
}

func newModel(t *testing.T, capacity int, laps uint64) *model {
	r := ring.NewBeforeWrap[int](capacity, laps)
	return &model{t: t, ring: r, wrap: laps * uint64(capacity), start: r.Pushed()}
}

func (m *model) do(op byte) {
	switch {
	case op == opFill:
		for m.push() == ring.OK {
		}
	case op == opDrain:
		for m.pop() == ring.OK {
		}
	case op == opClose:
		m.ring.Close()
		m.closed = true
	case op == opSeal:
		m.seal()
	case op%2 == 0:
		m.push()
	default:
		m.pop()
	}
	m.requireCounts()
}

func (m *model) push() ring.Status {
	want := ring.OK
	switch {
	case m.sealed:
		want = ring.Moved
	case m.closed:
		want = ring.Closed
	case len(m.values) == m.ring.Cap():
		want = ring.Full
	default:
		m.values = append(m.values, int(m.pushed))
		m.pushed++
	}
	got := m.ring.TryPush(int(m.pushed - 1)) // some other number if it is not to go in
	require.Equal(m.t, want, got, "TryPush with %v inside", m.values)
	return got
}

func (m *model) pop() ring.Status {
	type answer struct {
		value  int
		status ring.Status
	}
	var want, got answer
	switch {
	case m.sealed:
		want.status = ring.Moved
	case len(m.values) > 0:
		want.value, m.values = m.values[0], m.values[1:]
		m.popped++
	case m.closed:
		want.status = ring.Closed
	default:
		want.status = ring.Empty
	}
	got.value, got.status = m.ring.TryPop()
	require.Equal(m.t, want, got, "TryPop with %v left", m.values)
	return got.status
}

func (m *model) seal() {
	if got := m.ring.Seal(); m.sealed || len(m.values) == 0 {
		require.Empty(m.t, got)
	} else {
		require.Equal(m.t, m.values, got)
	}
	m.sealed, m.values = true, nil
}

func (m *model) requireCounts() {
	type counts struct {
		length         int
		pushed, popped uint64
	}
	want := counts{len(m.values), m.position(m.pushed), m.position(m.popped)}
	got := counts{m.ring.Len(), m.ring.Pushed(), m.ring.Popped()}
	if m.sealed {
		got.length = 0 // the ring promises nothing here
	}
	require.Equal(m.t, want, got)
}

// position is what the ring answers for n: it starts again at 0 with its positions.
func (m *model) position(n uint64) uint64 {
	if m.wrap > 0 && n >= m.wrap {
		return n - m.wrap
	}
	return m.start + n
}

func TestRingIsABoundedQueue(t *testing.T) {
	for _, capacity := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 100, 1000} {
		for laps := range uint64(4) {
			t.Run(fmt.Sprintf("capacity=%d/laps=%d", capacity, laps), func(t *testing.T) {
				for seed := range uint64(scaled(6)) {
					runModel(t, capacity, laps, rand.New(rand.NewPCG(seed, laps)))
				}
			})
		}
	}
}

// runModel does enough to pass through the ring at least 4 times; in the second
// half it may be closed or sealed.
func runModel(t *testing.T, capacity int, laps uint64, random *rand.Rand) {
	m := newModel(t, capacity, laps)
	for range 4 {
		m.do(opFill)
		for range random.IntN(50) {
			m.do(byte(random.IntN(opFill)))
		}
		m.do(opDrain)
		for range random.IntN(50) {
			m.do(byte(random.IntN(opFill)))
		}
	}
	require.GreaterOrEqual(t, m.pushed, m.wrap)
	for range 200 {
		op := byte(random.IntN(opFill))
		if random.IntN(60) == 0 {
			op = opFill + byte(random.IntN(4))
		}
		m.do(op)
	}
	m.do(opSeal)
	m.do(opFill)
	m.do(opDrain)
}

// FuzzRing takes the capacity, the laps before the positions wrap, and the
// operations, one a byte.
func FuzzRing(f *testing.F) {
	f.Add([]byte{0, 1, opFill, 1, 0, 0, opDrain, 1, opFill, opClose, 0, 1, 1})
	f.Add([]byte{1, 0, 0, 0, 0, 1, 1, 1, 0, opSeal, 0, 1, opSeal, opClose})
	f.Add([]byte{2, 2, opFill, opDrain, opFill, opDrain, opFill, 1, 0, opDrain})
	f.Add([]byte{7, 3, 0, 1, 0, 1, opClose, opFill, opSeal, opDrain})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 2 {
			return
		}
		m := newModel(t, 1+int(data[0]), uint64(data[1]))
		for _, op := range data[2:] {
			m.do(op)
		}
	})
}
