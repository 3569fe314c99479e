// SPDX-License-Identifier: MIT

package measure

import (
	"fmt"

	"github.com/seedmq/mq/bench/internal/peer"
)

// wirePeers can use a network.
var wirePeers = []string{peer.MQ, peer.Libzmq, peer.GoZeroMQ, peer.NetConn}

// wireRows are over the network, with both ends in this process.
func wireRows() []Row {
	var rows, trips []Row
	for _, over := range []string{"tcp", "ipc"} {
		for _, size := range []int{wireSmall, large, wireLarge} {
			rows = append(rows, oneWayRow(over, size, peer.Work{Pattern: peer.Pipeline, Producers: 1, Consumers: 1, Over: over}))
		}
		for _, row := range roundTripRows() {
			row.Name += "/" + over
			for i := range row.Lines {
				row.Lines[i].Name = over + ", " + row.Lines[i].Name
			}
			row.work.Over, row.size = over, wireSmall
			trips = append(trips, row)
		}
	}
	inTable(WireOneWay, rows)
	inTable(WireTrip, trips)
	fans := wireFanOutRows()
	inTable(WireFanOut, fans)
	rows = append(append(rows, trips...), wireRequestRows()...)
	return append(rows, fans...)
}

func inTable(table string, rows []Row) {
	for i := range rows {
		rows[i].Table, rows[i].Peers = table, wirePeers
	}
}

func wireFanOutRows() []Row {
	const over, subscribers = "tcp", 8
	var rows []Row
	for _, size := range []int{wireSmall, large} {
		rows = append(rows, Row{
			Name:  fmt.Sprintf("fan-out/%s/%d/%d", over, subscribers, size),
			Lines: []Line{{Name: fmt.Sprintf("%s, %s, %s", over, plural(subscribers, "subscriber"), sizeNames[size]), Unit: "ns per delivery"}},
			Least: batch, Warm: true,
			work: peer.Work{Pattern: peer.FanOut, N: subscribers, Over: over}, size: size, run: fanOut,
		})
	}
	return rows
}
