// SPDX-License-Identifier: MIT

package measure

import (
	"fmt"
	"runtime"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

const (
	working   = 256 // topics in the working set
	matchTurn = 100 // messages sent before they are received
)

// writeTopic makes buf the i-th topic. They differ, and come in an order that is not
// that of the alphabet.
func writeTopic(buf []byte, i int) []byte {
	const none = "topic/0000000/"
	buf = append(buf[:0], none...)
	for n, at := i*7919%10_000_000, len(none)-2; n > 0; n, at = n/10, at-1 {
		buf[at] = byte('0' + n%10)
	}
	return buf
}

func makeTopics(n int) [][]byte {
	topics := make([][]byte, n)
	for i := range topics {
		topics[i] = writeTopic(nil, i)
	}
	return topics
}

// match sends to one subscriber that has subscribed to all topics, and takes the
// messages out again, all in one goroutine: first over all topics, then over a few
// that caches can hold.
func match(l *live, n int) (result, error) {
	all := len(l.row.work.Topics)
	few := min(working, all)
	var res result
	for _, topics := range []int{all, few} {
		runtime.GC()
		m := start()
		if err := sendAndTake(l, topics, all/topics, n); err != nil {
			return res, err
		}
		sample, took := m.stop(n)
		res.Samples = append(res.Samples, sample)
		res.Took = max(res.Took, took)
	}
	return res, nil
}

// sendAndTake sends n messages under so many topics, a stride apart. It writes each
// topic when it is sent: to fetch it would be to wait for memory, which is to be seen
// of the contender alone.
func sendAndTake(l *live, topics, stride, n int) error {
	send, recv := l.rig.Send[0], l.rig.Recv[0]
	var buf [matchTurn][]byte
	for i := 0; i < n; i += matchTurn {
		turn := min(matchTurn, n-i)
		for j := range turn {
			buf[j] = writeTopic(buf[j], (i+j)*104729%topics*stride)
			if err := send(buf[j]); err != nil {
				return err
			}
		}
		if err := consume(recv, turn, len(buf[0])); err != nil {
			return err
		}
	}
	return nil
}

// subscribe subscribes to n prefixes and takes that back.
func subscribe(c peer.Contender, o options, n int) (result, error) {
	topics := make([]string, n)
	for i, topic := range makeTopics(n) {
		topics[i] = string(topic)
	}
	row := Row{work: peer.Work{Pattern: peer.Match}}
	l, err := openNow(c, row, o)
	if err != nil {
		return result{}, err
	}
	defer l.close()
	used := memoryOf(c)
	before, err := used()
	if err != nil {
		return result{}, err
	}
	on, err := each(l, topics, l.rig.Subscribe, o.Limit)
	if err != nil {
		return result{}, err
	}
	after, err := used()
	if err != nil {
		return result{}, err
	}
	off, err := each(l, topics, l.rig.Unsubscribe, o.Limit)
	runtime.KeepAlive(topics)
	held := Sample{Value: (after - before) / float64(n)}
	return result{Samples: []Sample{on, off, held}, N: n}, err
}

// each does f with all topics, until that is done and not only asked for.
func each(l *live, topics []string, f func(string) error, limit time.Duration) (Sample, error) {
	deadline := time.Now().Add(limit)
	m := start()
	for i, topic := range topics {
		if err := f(topic); err != nil {
			return Sample{}, err
		}
		if i%256 == 0 && time.Now().After(deadline) {
			return Sample{}, peer.Cannot(fmt.Sprintf("%d of %d took over %v", i, len(topics), limit))
		}
	}
	l.flush()
	sample, _ := m.stop(len(topics))
	return sample, nil
}
