// SPDX-License-Identifier: MIT

package measure

import (
	"fmt"
	"slices"

	"github.com/seedmq/mq/bench/internal/peer"
)

// Who can use a network, by what is done there.
var (
	wireOneWayPeers = []string{
		peer.MQ, peer.MQDealer, peer.Libzmq, peer.LibzmqC, peer.MQToLibzmq, peer.LibzmqToMQ, peer.GoZeroMQ, peer.NATS, peer.NetConn,
	}
	wireLargePeers = slices.Insert(slices.Clone(wireOneWayPeers), 2, peer.MQRelease)
	wireTripPeers  = []string{
		peer.MQ, peer.Libzmq, peer.LibzmqC, peer.MQToLibzmq, peer.LibzmqToMQ, peer.GoZeroMQ, peer.NetConn,
	}
	wireFanOutPeers = []string{peer.MQ, peer.Libzmq, peer.LibzmqC, peer.GoZeroMQ, peer.NATS, peer.NetConn}
	wireLonePeers   = []string{peer.MQ, peer.Libzmq, peer.LibzmqC, peer.NetConn}
	wireManyPeers   = []string{peer.MQ, peer.Libzmq, peer.NetConn}
)

// wireRows are over the network, with both ends in one process, which is made for each
// measurement: what other rows leave to the memory of a process makes large messages slower.
func wireRows(s Scale) []Row {
	rows := wireOneWayRows()
	rows = append(rows, wireTripRows(false)...)
	rows = append(rows, wireTripRows(true)...)
	rows = append(rows, loneRow(s))
	rows = append(rows, wireRequestRows()...)
	rows = append(rows, wireFanOutRows()...)
	rows = append(rows, wireFanInRows(s)...)
	rows = append(rows, wireRouteRows(s)...)
	rows = append(rows, wireMemoryRow(s))
	rows = append(rows, callRows(s)...)
	for i := range rows {
		rows[i].Alone = true
	}
	return rows
}

func wireOneWayRows() []Row {
	var rows []Row
	add := func(over string, size int) {
		w := peer.Work{Pattern: peer.Pipeline, Producers: 1, Consumers: 1, Over: over, Size: size}
		row := oneWayRow(over, size, w)
		row.Table, row.Peers = WireOneWay, wireOneWayPeers
		if size >= 100_000 {
			row.Peers = wireLargePeers
		}
		row.Count, row.Warm = size, true
		row.Least = max(20, w.Queue())
		rows = append(rows, row)
	}
	for size := 1; size <= 10_000_000; size *= 10 {
		add("tcp", size)
	}
	for _, size := range []int{wireSmall, large, 100_000, 10_000_000} {
		add("ipc", size)
	}
	return rows
}

// wireTripRows are round trips: alone, or beside a stream of messages of 1 kB.
func wireTripRows(busy bool) []Row {
	var rows []Row
	for _, over := range []string{"tcp", "ipc"} {
		if busy && over != "tcp" {
			continue
		}
		for _, row := range roundTripRows() {
			row.Name += "/" + over
			for i := range row.Lines {
				row.Lines[i].Name = over + ", " + row.Lines[i].Name
			}
			row.Table, row.Peers, row.work.Over, row.size = WireTrip, wireTripPeers, over, wireSmall
			row.Least = 1000 // for the 99th percentile
			if busy {
				row = besideStream(row)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func wireFanOutRows() []Row {
	const over = "tcp"
	var rows []Row
	for _, subscribers := range []int{1, 8, 64} {
		for _, size := range []int{wireSmall, large} {
			rows = append(rows, Row{
				Table: WireFanOut, Peers: wireFanOutPeers, Count: subscribers,
				Name:  fmt.Sprintf("fan-out/%s/%d/%d", over, subscribers, size),
				Lines: []Line{{Name: fmt.Sprintf("%s, %s, %s", over, plural(subscribers, "subscriber"), sizeNames[size]), Unit: "ns per delivery"}},
				Least: batch, Warm: true,
				work: peer.Work{Pattern: peer.FanOut, N: subscribers, Over: over, Size: size}, size: size, run: fanOut,
			})
		}
	}
	return rows
}
