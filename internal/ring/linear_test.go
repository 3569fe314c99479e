// SPDX-License-Identifier: MIT

package ring_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
)

// A history is what a few goroutines did to a ring, with the time before and
// after each operation. Porcupine looks for an order of the operations, each at
// one instant between its times, that the model below allows.

type opKind string

const (
	pushOp  opKind = "push"
	popOp   opKind = "pop"
	closeOp opKind = "close"
	sealOp  opKind = "seal"
)

// input is an operation; value is only for push, and one byte for short states.
// A slow one lets others run while it has the claim.
type input struct {
	op    opKind
	value byte
	slow  bool
}

// output is its answer; values is what pop or seal returned.
type output struct {
	status ring.Status
	values string
}

// state is a bounded queue. It is comparable, as porcupine wants it.
type state struct {
	values         string
	closed, sealed bool
}

func queueModel(capacity int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{} },
		Step: func(s, in, out any) (bool, any) {
			answer, next := s.(state).step(capacity, in.(input))
			return answer == out.(output), next
		},
	}
}

func (s state) step(capacity int, in input) (output, state) {
	switch {
	case in.op == closeOp:
		s.closed = true
		return output{}, s
	case in.op == sealOp && s.sealed:
		return output{}, s
	case in.op == sealOp:
		return output{values: s.values}, state{sealed: true, closed: s.closed}
	case s.sealed:
		return output{status: ring.Moved}, s
	case in.op == pushOp && s.closed:
		return output{status: ring.Closed}, s
	case in.op == pushOp && len(s.values) == capacity:
		return output{status: ring.Full}, s
	case in.op == pushOp:
		s.values += string(rune(in.value))
		return output{}, s
	case s.values == "" && s.closed:
		return output{status: ring.Closed}, s
	case s.values == "":
		return output{status: ring.Empty}, s
	}
	out := output{values: s.values[:1]}
	s.values = s.values[1:]
	return out, s
}

// perform does in on the ring itself.
func perform(r *ring.Ring[byte], in input) (out output) {
	switch in.op {
	case pushOp:
		if in.slow {
			if finish := ring.BeginPush(r, in.value); finish != nil {
				yield()
				finish()
				return out
			}
		}
		out.status = r.TryPush(in.value)
	case popOp:
		if in.slow {
			if finish := ring.BeginPop(r); finish != nil {
				yield()
				out.values = string(rune(finish()))
				return out
			}
		}
		var v byte
		if v, out.status = r.TryPop(); out.status == ring.OK {
			out.values = string(rune(v))
		}
	case closeOp:
		r.Close()
	case sealOp:
		out.values = string(r.Seal())
	}
	return out
}

// yield is long enough for a few operations of others.
func yield() {
	for range 8 {
		runtime.Gosched()
	}
}

func TestRingIsLinearizable(t *testing.T) {
	for _, ends := range [][]opKind{{}, {closeOp}, {sealOp}, {closeOp, sealOp}, {sealOp, sealOp}} {
		for _, capacity := range []int{1, 2, 3} {
			for _, procs := range []int{2, 4} { // 4 are more than cores: some stop in the middle
				t.Run(fmt.Sprintf("capacity=%d/ends=%v/procs=%d", capacity, ends, procs), func(t *testing.T) {
					mustEnd(t)
					setProcs(t, procs)
					for seed := range uint64(scaled(200)) {
						history := record(capacity, ends, rand.New(rand.NewPCG(seed, uint64(capacity))))
						result := porcupine.CheckOperationsTimeout(queueModel(capacity), history, 10*time.Second)
						require.Equal(t, porcupine.Ok, result, "seed %d\n%s", seed, describe(history))
					}
				})
			}
		}
	}
}

// record runs 3 or 4 goroutines with 3 to 6 operations each, some of which
// are the ends.
func record(capacity int, ends []opKind, random *rand.Rand) []porcupine.Operation {
	plans := make([][]input, 3+random.IntN(2))
	value := byte('a')
	for g := range plans {
		for range 3 + random.IntN(4) {
			in := input{op: popOp, slow: random.IntN(4) == 0}
			if random.IntN(2) == 0 {
				in.op, in.value = pushOp, value
				value++
			}
			plans[g] = append(plans[g], in)
		}
	}
	for _, end := range ends {
		plan := plans[random.IntN(len(plans))]
		plan[random.IntN(len(plan))] = input{op: end}
	}

	r := ring.NewBeforeWrap[byte](capacity, random.Uint64N(3))
	histories := make([][]porcupine.Operation, len(plans))
	var clock atomic.Int64
	start := newMeeting(len(plans))
	var all sync.WaitGroup
	for g, plan := range plans {
		all.Go(func() {
			start.arrive()
			for _, in := range plan {
				op := porcupine.Operation{ClientId: g, Input: in, Call: clock.Add(1)}
				op.Output = perform(r, in)
				op.Return = clock.Add(1)
				histories[g] = append(histories[g], op)
			}
		})
	}
	all.Wait()
	return slices.Concat(histories...)
}

func describe(history []porcupine.Operation) string {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, op := range history {
		fmt.Fprintf(&b, "%3d-%3d goroutine %d: %v -> %v\n", op.Call, op.Return, op.ClientId, op.Input, op.Output)
	}
	return b.String()
}
