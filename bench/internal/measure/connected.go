// SPDX-License-Identifier: MIT

package measure

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/stat"
)

// spare are the files that a process has open besides those of its connections.
const spare = 100

// fits is n, or less if a process may not have both ends of so many connections open.
func fits(n int) int { return max(1, min(n, (peer.OpenFiles()-spare)/2)) }

// burst is how many messages in a row go over one of many connections, where a row says so.
const burst = 100

// manyRows are over tcp with so many peers: each has a message in turn; with the most peers,
// also a burst in turn, and one of them has all.
func manyRows(table, name string, s Scale, p peer.Pattern, run func(busy, burst int) func(*live, int) (result, error)) []Row {
	row := func(suffix string, n int, line string) Row {
		w := peer.Work{Pattern: p, N: fits(n), Over: "tcp", Size: wireSmall}
		return Row{
			Table: table, Peers: wireManyPeers, Name: fmt.Sprintf("%s/tcp/%d%s", name, n, suffix),
			Lines: []Line{{Name: "tcp, " + line, Unit: perMessage}},
			Least: max(peer.Capacity, perPeer*w.N), Alone: true, Slow: true, Warm: true, work: w, size: wireSmall, run: run(w.N, 1),
		}
	}
	var rows []Row
	for _, n := range s.Connected {
		inTurn := row("", n, plural(fits(n), "peer")+" in turn")
		inTurn.Count = fits(n)
		rows = append(rows, inTurn)
	}
	most := slices.Max(s.Connected)
	bursts := row("/bursts", most, fmt.Sprintf("%s in turn, %d messages at once", plural(fits(most), "peer"), burst))
	bursts.Least, bursts.run = burst*fits(most), run(fits(most), burst)
	busy := row("/busy", most, fmt.Sprintf("1 busy peer beside %s idle", stat.Count(fits(most)-1)))
	busy.run = run(1, 1)
	return append(rows, bursts, busy)
}

// wireFanInRows pass so many messages that what the sender is ahead, and with it what leaves
// with one system call, depends little on how many there are.
func wireFanInRows(s Scale) []Row {
	rows := manyRows(WireFanIn, "fan-in", s, peer.FanIn, fanIn)
	for i := range rows {
		rows[i].Least = max(rows[i].Least, s.Steady)
	}
	return rows
}

func wireRouteRows(s Scale) []Row {
	return manyRows(WireRoutes, "routing", s, peer.Routes, routedApart)
}

// perPeer is how many messages for each peer may be under way, and not less than
// Capacity for all of them.
const perPeer = 10

// routedApart has one goroutine send to the first so many peers in turn, a burst to each, and
// another take what arrives, from the same peers in the same order.
func routedApart(busy, burst int) func(*live, int) (result, error) {
	return func(l *live, n int) (result, error) {
		return routeApart(l, n, func(i int) int { return i / burst % busy }, max(peer.Capacity, perPeer*busy))
	}
}

// routeApart has message i go to peer to(i), and so many messages under way.
func routeApart(l *live, n int, to func(i int) int, underWay int) (result, error) {
	const parts = 4
	part := underWay / parts
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
	turn(peer.Senders, func(i int) error { return l.rig.Send[to(i)](payload) },
		func() error { return l.awaitAll(arrived, 1) }, none)
	turn(peer.Receivers, func(i int) error { return consume(l.rig.Recv[to(i)], 1, l.row.size) },
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
	n := fits(slices.Max(s.Connected))
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
