// SPDX-License-Identifier: MIT

package measure

import (
	"runtime/debug"
	"sync"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

// idle has n goroutines wait for what never comes, and measures the processor time
// of the process meanwhile.
func idle(c peer.Contender, o options, n int) (result, error) {
	l, err := openNow(c, Row{work: peer.Work{Pattern: peer.Idle, N: n}}, o)
	if err != nil {
		return result{}, err
	}
	var ready sync.WaitGroup
	for _, recv := range l.rig.Recv {
		// Not one that close waits for: the process ends with these goroutines in it.
		ready.Add(1)
		go func() { ready.Done(); recv() }()
	}
	ready.Wait()
	debug.FreeOSMemory() // or the runtime of Go does it meanwhile
	time.Sleep(o.Scale.Settle)
	before, err := processorTime()
	if err != nil {
		return result{}, err
	}
	time.Sleep(o.Scale.Idle)
	after, err := processorTime()
	used := float64((after - before).Microseconds()) / o.Scale.Idle.Seconds()
	return result{Samples: []Sample{{Value: used}}, N: n}, err
}
