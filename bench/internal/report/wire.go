// SPDX-License-Identifier: MIT

package report

import (
	"fmt"

	"github.com/seedmq/mq/bench/internal/peer"
)

// wireGoals are those over a network.
func wireGoals(m measured) (goals []Goal) {
	for _, g := range []struct {
		size  int
		name  string
		times float64
	}{{10, "10 B", 4}, {1000, "1 kB", 1.7}, {100_000, "100 kB", 1.2}} {
		x := m.times(fmt.Sprint("one-way/tcp/", g.size), 0, peer.MQ, peer.Libzmq)
		goals = append(goals, Goal{
			What: "One way over tcp, " + g.name, Want: fmt.Sprintf("%vx libzmq", g.times),
			Got: x.Times(), Met: atLeast(x.Median, g.times),
		})
	}
	const row = "round-trip/tcp"
	floor, zmq := m.cost(row, 0, peer.MQ, peer.NetConn), m.times(row, 0, peer.MQ, peer.Libzmq)
	return append(goals, Goal{
		What: "Round trip over tcp, 10 B", Want: "costs at most 1.5x of a bare connection; 5x libzmq",
		Got: floor.Times() + "; " + zmq.Times(),
		Met: all(atMost(floor.Median, 1.5), atLeast(zmq.Median, 5)),
	})
}
