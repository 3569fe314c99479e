// SPDX-License-Identifier: MIT

package measure

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/stat"
)

// lonePause is how long nothing happens before a message is sent.
const lonePause = 200 * time.Microsecond

func loneRow(s Scale) Row {
	const over = "tcp"
	row := Row{
		Table: WireLone, Name: "lone/" + over, Peers: wireLonePeers, Fixed: s.Lone,
		work: peer.Work{Pattern: peer.Pipeline, Producers: 1, Consumers: 1, Over: over, Size: wireSmall}, size: wireSmall,
		run: lone,
	}
	for _, p := range lonePercentiles {
		row.Lines = append(row.Lines, Line{Name: fmt.Sprintf("%s, p%v", over, p), Unit: "ns"})
	}
	return row
}

var lonePercentiles = []float64{50, 99}

// lone sends n messages, each when the one before has arrived and a pause is over, so
// that everybody on the way sleeps. It measures from the call that sends to the return
// of the call that receives.
func lone(l *live, n int) (result, error) {
	var ready sync.WaitGroup
	var sentAt, arrived atomic.Int64 // ns since the beginning; messages
	times := make([]time.Duration, n)
	payload := l.payload()
	begin := time.Now()
	l.goroutine(&ready, peer.Receivers, func() {
		for i := range times {
			if err := l.receives(0, 1); err != nil {
				l.fail(err)
				return
			}
			times[i] = time.Since(begin) - time.Duration(sentAt.Load())
			arrived.Store(int64(i + 1))
		}
	})
	ready.Wait()
	m := start()
	for i := range times {
		if err := l.quiet(&arrived, i); err != nil {
			return result{}, err
		}
		sentAt.Store(int64(time.Since(begin)))
		if err := l.sends(0, 1, payload); err != nil {
			return result{}, err
		}
		l.flush()
	}
	if err := l.quiet(&arrived, n); err != nil {
		return result{}, err
	}
	each, took := m.stop(n)
	slices.Sort(times)
	res := result{Took: took}
	for _, p := range lonePercentiles {
		s := each
		s.Value = float64(stat.Percentile(times, p))
		res.Samples = append(res.Samples, s)
	}
	return res, nil
}

// quiet pauses, until so many messages have arrived.
func (l *live) quiet(arrived *atomic.Int64, want int) error {
	for time.Sleep(lonePause); arrived.Load() < int64(want); time.Sleep(lonePause) {
		select {
		case <-l.stopped:
			return l.failure()
		default:
		}
	}
	return nil
}
