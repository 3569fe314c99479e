// SPDX-License-Identifier: MIT

package measure

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

// spare are the files that a process has open besides those of its connections.
const spare = 100

// fits is n, or less if a process may not have both ends of so many connections open.
func fits(n int) int { return max(1, min(n, (peer.OpenFiles()-spare)/2)) }

// manyRow is one over tcp with so many peers, in a process of its own.
func manyRow(table, name, line string, n int, w peer.Work) Row {
	w.Over, w.N, w.Size = "tcp", fits(n), wireSmall
	return Row{
		Table: table, Peers: wireManyPeers, Name: fmt.Sprintf("%s/tcp/%d", name, n),
		Lines: []Line{{Name: fmt.Sprintf(line, plural(w.N, "peer")), Unit: perMessage}},
		Count: w.N, Least: max(peer.Capacity, perPeer*w.N), Alone: true, Slow: true, Warm: true, work: w, size: wireSmall,
	}
}

func wireFanInRows(s Scale) []Row {
	var rows []Row
	for _, n := range s.Connected {
		row := manyRow(WireFanIn, "fan-in", "tcp, %s in turn", n, peer.Work{Pattern: peer.FanIn})
		row.run = fanIn(row.work.N)
		rows = append(rows, row)
	}
	return rows
}

func wireRouteRows(s Scale) []Row {
	var rows []Row
	for _, n := range s.Connected {
		row := manyRow(WireRoutes, "routing", "tcp, to %s", n, peer.Work{Pattern: peer.Routes})
		row.run = routedApart
		rows = append(rows, row)
	}
	return rows
}

// perPeer is how many messages for each peer may be under way, and not less than
// Capacity for all of them.
const perPeer = 10

// routedApart has one goroutine send to the peers in turn, and another take what
// arrives, from the same peers in the same order.
func routedApart(l *live, n int) (result, error) {
	const parts = 4
	part := max(peer.Capacity, perPeer*len(l.rig.Recv)) / parts
	arrived := make(chan struct{}, parts)
	for range parts {
		arrived <- struct{}{}
	}
	var ready, all sync.WaitGroup
	payload := l.payload()
	begin := make(chan struct{})
	turn := func(side peer.Sides, f func(at int) error, before, after func() error) {
		all.Add(1)
		l.goroutine(&ready, side, func() {
			defer all.Done()
			<-begin
			l.fail(inParts(n, part, f, before, after))
		})
	}
	none := func() error { return nil }
	turn(peer.Senders, func(i int) error { return l.rig.Send[i%len(l.rig.Send)](payload) },
		func() error { return l.awaitAll(arrived, 1) }, none)
	turn(peer.Receivers, func(i int) error { return consume(l.rig.Recv[i%len(l.rig.Recv)], 1, l.row.size) },
		none, func() error { arrived <- struct{}{}; return nil })
	ready.Wait()
	m := start()
	close(begin)
	all.Wait()
	sample, took := m.stop(n)
	return result{Samples: []Sample{sample}, Took: took}, nil
}

// inParts does f n times, with something before and after each part.
func inParts(n, part int, f func(int) error, before, after func() error) error {
	for at := 0; at < n; at += part {
		if err := before(); err != nil {
			return err
		}
		for i := at; i < min(n, at+part); i++ {
			if err := f(i); err != nil {
				return err
			}
		}
		if err := after(); err != nil {
			return err
		}
	}
	return nil
}

func wireMemoryRow(s Scale) Row {
	most := 0
	for _, n := range s.Connected {
		most = max(most, n)
	}
	n := fits(most)
	what := fmt.Sprintf("tcp, %s, each side of one", plural(n, "idle connection"))
	return Row{
		Table: WireMemory, Name: "memory/tcp-idle", Peers: []string{peer.MQ},
		Lines: []Line{
			{Name: what, Unit: "bytes", Bare: true},
			{Name: what, Unit: "goroutines", Bare: true},
		},
		Fixed: n, Most: 3, Alone: true, Slow: true, do: connected,
	}
}

// connected measures n idle connections, both sides together, and gives half.
func connected(c peer.Contender, o options, n int) (result, error) {
	used := memoryOf(c)
	before, err := used()
	if err != nil {
		return result{}, err
	}
	goroutines := runtime.NumGoroutine()
	l, err := openNow(c, Row{work: peer.Work{Pattern: peer.Connected, N: n, Over: "tcp"}}, o)
	if err != nil {
		return result{}, err
	}
	defer l.close()
	time.Sleep(o.Scale.Settle)
	after, err := used()
	more := runtime.NumGoroutine() - goroutines
	runtime.KeepAlive(l.rig)
	sides := float64(2 * n)
	return result{Samples: []Sample{{Value: (after - before) / sides}, {Value: float64(more) / sides}}, N: n}, err
}
