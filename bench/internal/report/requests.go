// SPDX-License-Identifier: MIT

package report

import (
	"fmt"

	"github.com/seedmq/mq/bench/internal/peer"
)

// requestGoals are those of Do against Serve inside the process.
func requestGoals(m measured) (goals []Goal) {
	for _, name := range both {
		for _, n := range []int{16, 256} {
			c := m.cost(fmt.Sprint("requests/", n), 0, name, peer.ChanCtx)
			goals = append(goals, Goal{
				What: fmt.Sprintf("%d requests under way, %s", n, name), Want: "costs at most what channels in a select cost",
				Got: c.Times(), Met: atMost(c.Median, 1),
			})
		}
	}
	return goals
}

// wireRequestGoals are those of Do against Serve over tcp.
func wireRequestGoals(m measured) (goals []Goal) {
	for _, n := range []int{1, 16, 256} {
		row := fmt.Sprint("requests/tcp/", n)
		zmq, nats := m.times(row, 0, peer.MQ, peer.Libzmq), m.times(row, 0, peer.MQ, peer.NATS)
		goals = append(goals, Goal{
			What: fmt.Sprintf("Requests over tcp, %d under way", n), Want: "as fast as libzmq, 2x nats",
			Got: zmq.Times() + ", " + nats.Times(),
			Met: all(atLeast(zmq.Median, 1), atLeast(nats.Median, 2)),
		})
	}
	return goals
}

func routeGoals(m measured) (goals []Goal) {
	for _, name := range both {
		goals = append(goals, m.scaling("Routing to 10,000 peers against 1", "routing/1", "routing/10000", 0, name, 3))
	}
	return goals
}
