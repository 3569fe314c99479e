// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/seedmq/mq/bench/internal/measure"
	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/stat"
)

// wireGoals are those over a network.
func wireGoals(m measured) (goals []Goal) {
	for _, part := range []func(measured) []Goal{
		wireOneWayGoals, wireTripGoals, wireFanOutGoals, interopGoals, connectedGoals, wireAllocGoals, losslessGoals,
	} {
		goals = append(goals, part(m)...)
	}
	return goals
}

func wireOneWayGoals(m measured) (goals []Goal) {
	for _, over := range []string{"tcp", "ipc"} {
		for _, g := range []struct {
			size       int
			name, peer string
			zmq, floor float64 // 0 for none
		}{
			{10, "10 B", peer.MQ, 4, 0},
			{1000, "1 kB", peer.MQ, 1.7, 0},
			{100_000, "100 kB", peer.MQ, 1.2, 0.7},
			{100_000, "100 kB, released", peer.MQRelease, 1.2, 0.7},
			{10_000_000, "10 MB", peer.MQ, 0, 0.8},
			{10_000_000, "10 MB, released", peer.MQRelease, 0, 0.8},
		} {
			row := fmt.Sprintf("one-way/%s/%d", over, g.size)
			var want, got []string
			met := Yes
			for _, than := range []struct {
				name  string
				times float64
			}{{peer.Libzmq, g.zmq}, {peer.NetConn, g.floor}} {
				if than.times == 0 {
					continue
				}
				x := m.times(row, 0, g.peer, than.name)
				want, got = append(want, fmt.Sprintf("%vx %s", than.times, than.name)), append(got, x.Times())
				met = all(met, atLeast(x.Median, than.times))
			}
			goals = append(goals, Goal{
				What: fmt.Sprintf("One way over %s, %s", over, g.name),
				Want: strings.Join(want, ", "), Got: strings.Join(got, ", "), Met: met,
			})
		}
	}
	return goals
}

// wireTripGoals look at the percentiles, of which the first is behind the mean.
func wireTripGoals(m measured) (goals []Goal) {
	for _, g := range []struct{ row, name string }{
		{"round-trip/tcp", "Round trip over tcp, 10 B"},
		{"round-trip/tcp/busy", "Round trip over tcp, 10 B, beside a stream"},
	} {
		floor, zmq := m.cost(g.row, 1, peer.MQ, peer.NetConn), m.times(g.row, 1, peer.MQ, peer.Libzmq)
		p99 := m.cost(g.row, 2, peer.MQ, peer.NetConn)
		goals = append(goals,
			Goal{
				What: g.name + ", p50", Want: "costs at most 1.5x of a bare connection; 5x libzmq",
				Got: floor.Times() + "; " + zmq.Times(),
				Met: all(atMost(floor.Median, 1.5), atLeast(zmq.Median, 5)),
			},
			Goal{
				What: g.name + ", p99", Want: "costs at most 2x of a bare connection",
				Got: p99.Times(), Met: atMost(p99.Median, 2),
			})
	}
	return goals
}

func wireFanOutGoals(m measured) (goals []Goal) {
	for _, n := range []int{1, 8, 64} {
		for _, size := range []int{10, 1000} {
			x := m.times(fmt.Sprintf("fan-out/tcp/%d/%d", n, size), 0, peer.MQ, peer.Libzmq)
			goals = append(goals, Goal{
				What: fmt.Sprintf("Fan-out over tcp to %d, %s", n, map[int]string{10: "10 B", 1000: "1 kB"}[size]),
				Want: "2x libzmq", Got: x.Times(), Met: atLeast(x.Median, 2),
			})
		}
	}
	return goals
}

// interopGoals are of one end of mq and one of libzmq.
func interopGoals(m measured) (goals []Goal) {
	for _, name := range []string{peer.MQToLibzmq, peer.LibzmqToMQ} {
		for _, size := range []int{10, 1000, 100_000} {
			x := m.times(fmt.Sprint("one-way/tcp/", size), 0, name, peer.Libzmq)
			goals = append(goals, Goal{
				What: fmt.Sprintf("One way over tcp, %s, %s", map[int]string{10: "10 B", 1000: "1 kB", 100_000: "100 kB"}[size], name),
				Want: "not slower than libzmq at both ends", Got: x.Times(), Met: atLeast(x.Median, 1),
			})
		}
	}
	return goals
}

// connectedGoals are of many connections.
func connectedGoals(m measured) []Goal {
	bytes := stat.Median(m.values("memory/tcp-idle", 0, peer.MQ))
	goals := []Goal{{
		What: "Idle connection over tcp, each side", Want: "at most 24,576 bytes",
		Got: stat.Number(bytes) + " bytes", Met: atMost(bytes, 24_576),
	}}
	for _, row := range []struct{ name, what string }{{"fan-in/tcp/", "Fan-in over tcp from"}, {"routing/tcp/", "Routing over tcp to"}} {
		for _, n := range []int{1000, 10_000} {
			goals = append(goals, m.scaling(fmt.Sprintf("%s %s peers against 1", row.what, stat.Count(n)),
				row.name+"1", fmt.Sprint(row.name, n), 0, peer.MQ, 2))
		}
		goals = append(goals,
			m.scaling(row.what+" 10,000 peers in bursts against 1", row.name+"1", row.name+"10000/bursts", 0, peer.MQ, 2),
			m.scaling(row.what+" 1 busy peer of 10,000 against 1", row.name+"1", row.name+"10000/busy", 0, peer.MQ, 1.5))
	}
	return goals
}

// wireAllocGoals are of what is allocated for each message that is received. What the
// measurement allocates itself shows in the same row of a bare connection, which
// allocates nothing, and is taken off: with 20 messages of 10 MB it counts.
func wireAllocGoals(m measured) (goals []Goal) {
	const small = 1000
	eachOneWay(func(row measure.Row) {
		allocs := math.NaN()
		if r := m[row.Name]; r != nil {
			allocs = max(0, stat.Median(r.Of(peer.MQ).Allocs(0))-stat.Median(r.Of(peer.NetConn).Allocs(0)))
		}
		g := Goal{What: "Allocations, one way over " + row.Lines[0].Name, Got: count(allocs)}
		switch {
		case row.Size() < small:
			g.Want, g.Met = "below 0.1 for each message", judge(allocs, allocs < 0.1)
		case row.Size() == small:
			g.Want, g.Met = "at most 1 for each message; under 1 kB it is below 0.1", atMost(allocs, 1)
		default:
			g.Want, g.Met = "at most 1 for each message", atMost(allocs, 1)
		}
		goals = append(goals, g)
	})
	return goals
}

// losslessGoals are of what PUSH and PULL cost beyond sockets that may lose messages.
func losslessGoals(m measured) (goals []Goal) {
	eachOneWay(func(row measure.Row) {
		c := m.cost(row.Name, 0, peer.MQ, peer.MQDealer)
		goals = append(goals, Goal{
			What: "Not losing messages, one way over " + row.Lines[0].Name, Want: "costs at most 1.03x of DEALER to DEALER",
			Got: c.Times(), Met: atMost(c.Median, 1.03),
		})
	})
	return goals
}

// eachOneWay calls f for the rows of one way over a network.
func eachOneWay(f func(measure.Row)) {
	for _, row := range measure.Rows(measure.Full()) {
		if row.Table == measure.WireOneWay {
			f(row)
		}
	}
}
