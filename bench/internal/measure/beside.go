// SPDX-License-Identifier: MIT

package measure

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

// stream is a rig of its own, through which messages pass until it is closed.
type stream struct {
	*live
	received atomic.Int64
}

// streamTurn is how many messages of a stream are sent, and counted, at once.
const streamTurn = 20

// besideStream makes a row of round trips one beside a stream.
func besideStream(row Row) Row {
	row.Table, row.Name = WireBusy, row.Name+"/busy"
	row.beside = peer.Work{Pattern: peer.Pipeline, Producers: 1, Consumers: 1, Over: row.work.Over, Size: large}
	for i := range row.Lines {
		row.Lines[i].Bare = true // what is allocated is mostly the stream's
	}
	row.Lines = append(row.Lines, Line{Name: row.work.Over + ", the stream meanwhile", Unit: perMessage, Bare: true})
	row.run = busyTrip
	return row
}

// openStream begins one, and tells fail if it breaks off.
func openStream(ctx context.Context, c peer.Contender, row Row, o options, fail func(error)) (*stream, error) {
	l, err := open(ctx, c, Row{work: row.beside, size: row.beside.Size}, o)
	if err != nil {
		return nil, err
	}
	s := &stream{live: l}
	payload := l.payload()
	s.repeat(peer.Senders, fail, func() error { return l.sends(0, streamTurn, payload) })
	s.repeat(peer.Receivers, fail, func() error {
		err := l.receives(0, streamTurn)
		s.received.Add(streamTurn)
		return err
	})
	return s, nil
}

// repeat does f again and again on a side of the stream.
func (s *stream) repeat(side peer.Sides, fail func(error), f func() error) {
	s.goroutine(nil, side, func() {
		for {
			err := f()
			select {
			case <-s.stopped: // whatever it returned
				return
			default:
			}
			if err != nil {
				fail(err)
				return
			}
		}
	})
}

// busyTrip is roundTrip while the stream runs. Its last sample is what a message of the
// stream took, which can be slow so that the round trips are not.
func busyTrip(l *live, n int) (result, error) {
	for l.beside.received.Load() < peer.Capacity {
		select {
		case <-l.stopped:
			return result{}, l.failure()
		case <-time.After(time.Millisecond):
		}
	}
	before, started := l.beside.received.Load(), time.Now()
	res, err := roundTrip(l, n)
	took, passed := time.Since(started), l.beside.received.Load()-before
	res.Samples = append(res.Samples, Sample{Value: float64(took.Nanoseconds()) / float64(max(passed, 1))})
	return res, err
}
