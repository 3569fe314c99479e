// SPDX-License-Identifier: MIT

package measure

import (
	"fmt"
	"sync"

	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/stat"
)

const perRequest = "ns per request"

// requestRows are those that a program would use for it inside the process.
func requestRows() []Row {
	var rows []Row
	for _, n := range []int{16, 256} {
		row := requestRow(n, small, "")
		row.Table = Requests
		row.Peers = []string{peer.MQ, peer.MQBackground, peer.Chan, peer.ChanCtx, peer.Libzmq, peer.NATS}
		rows = append(rows, row)
	}
	return rows
}

func wireRequestRows() []Row {
	var rows []Row
	for _, n := range []int{1, 16, 256} {
		row := requestRow(n, wireSmall, "tcp")
		row.Table, row.Peers = WireRequests, []string{peer.MQ, peer.Libzmq, peer.NATS}
		rows = append(rows, row)
	}
	return rows
}

func requestRow(n, size int, over string) Row {
	name, line := fmt.Sprint("requests/", n), stat.Count(n)+" under way"
	if over != "" {
		name, line = fmt.Sprintf("requests/%s/%d", over, n), over+", "+line
	}
	return Row{
		Name: name, Lines: []Line{{Name: line, Unit: perRequest}}, Count: n, Least: 10 * n,
		work: peer.Work{Pattern: peer.Requests, N: n, Over: over}, size: size, run: underWay,
	}
}

// underWay has all that ask make n requests together.
func underWay(l *live, n int) (result, error) {
	var ready, all sync.WaitGroup
	begin := make(chan struct{})
	payload := l.payload()
	for i, ask := range l.rig.Asks {
		all.Add(1)
		l.goroutine(&ready, peer.Senders, func() {
			defer all.Done()
			<-begin
			l.fail(ask(share(n, len(l.rig.Asks), i), payload))
		})
	}
	ready.Wait()
	m := start()
	close(begin)
	all.Wait()
	sample, took := m.stop(n)
	return result{Samples: []Sample{sample}, Took: took}, nil
}

func routeRows(s Scale) []Row {
	var rows []Row
	for _, n := range s.Routes {
		rows = append(rows, Row{
			Table: Routes, Name: fmt.Sprint("routing/", n), Lines: []Line{{Name: "to " + plural(n, "peer"), Unit: perMessage}},
			Count: n, Least: n, Warm: true,
			Peers: []string{peer.MQ, peer.MQBackground, peer.Chan, peer.ChanCtx, peer.Libzmq},
			work:  peer.Work{Pattern: peer.Routes, N: n}, size: small, run: routed,
		})
	}
	return rows
}

// routed sends to the peers in turn and takes the messages out again, all in one
// goroutine, so that nobody waits: what is left is to find the peer.
func routed(l *live, n int) (result, error) {
	sends, recvs := l.rig.Send, l.rig.Recv
	payload := l.payload()
	m := start()
	for at := 0; at < n; at += peer.RouteTurn {
		end := min(n, at+peer.RouteTurn)
		for i := at; i < end; i++ {
			if err := sends[i%len(sends)](payload); err != nil {
				return result{}, err
			}
		}
		for i := at; i < end; i++ {
			if err := consume(recvs[i%len(recvs)], 1, l.row.size); err != nil {
				return result{}, err
			}
		}
	}
	sample, took := m.stop(n)
	return result{Samples: []Sample{sample}, Took: took}, nil
}
