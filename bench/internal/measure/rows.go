// SPDX-License-Identifier: MIT

package measure

import (
	"fmt"
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
	"github.com/seedmq/mq/bench/internal/stat"
)

// Scale is how large the large rows are.
type Scale struct {
	Matching    []int         // subscriptions of one subscriber
	Prefixes    int           // subscribed to, and unsubscribed
	Subscribers []int         // of fan-out
	Peers       []int         // of fan-in
	Routes      []int         // peers of a router
	Copies      int           // of what memory is measured of
	Settle      time.Duration // how long goroutines may take to fall asleep
	Idle        time.Duration // how long they are watched then
	Connected   []int         // peers over a network
	Steady      int           // messages of fan-in over a network, at least
	Lone        int           // messages that find everybody asleep
	Traced      int           // messages whose system calls are counted
}

// Full is the scale of a real run.
func Full() Scale {
	return Scale{
		Matching:    []int{10, 10_000, 1_000_000},
		Prefixes:    1_000_000,
		Subscribers: []int{1, 8, 64, 1000},
		Peers:       []int{1, 100, 1000},
		Routes:      []int{1, 1000, 10_000},
		Copies:      1000,
		Settle:      300 * time.Millisecond,
		Idle:        5 * time.Second,
		Connected:   []int{1, 1000, 10_000},
		Steady:      300_000,
		Lone:        1000,
		Traced:      100_000,
	}
}

// The tables.
const (
	OneWay       = "One way"
	OneWay1      = "One way, GOMAXPROCS=1"
	RoundTrip    = "Round trip"
	RoundTrip1   = "Round trip, GOMAXPROCS=1"
	Requests     = "Requests under way"
	FanOut       = "Fan-out"
	FanOut1      = "Fan-out, GOMAXPROCS=1"
	Matching     = "Matching"
	Subscribing  = "Subscribe and Unsubscribe"
	FanIn        = "Fan-in"
	Routes       = "Routing"
	Memory       = "Memory"
	Idle         = "Idle"
	WireOneWay   = "Network, one way"
	WireTrip     = "Network, round trip"
	WireRequests = "Network, requests under way"
	WireFanOut   = "Network, fan-out"
	WireBusy     = "Network, round trip beside a stream"
	WireLone     = "Network, a message that finds everybody asleep"
	WireCalls    = "Network, system calls"
	WireFanIn    = "Network, fan-in"
	WireRoutes   = "Network, routing"
	WireMemory   = "Network, memory"
	oneProcessor = "/procs=1"
)

// Rows returns all rows, in the order of the tables.
func Rows(s Scale) []Row {
	var rows []Row
	rows = append(rows, oneWayRows()...)
	rows = append(rows, onOne(OneWay1, oneWayRows())...)
	rows = append(rows, roundTripRows()...)
	rows = append(rows, onOne(RoundTrip1, roundTripRows())...)
	rows = append(rows, requestRows()...)
	rows = append(rows, fanOutRows(s)...)
	rows = append(rows, onOne(FanOut1, fanOutRows(s))...)
	rows = append(rows, matchRows(s)...)
	rows = append(rows, subscribeRow(s))
	rows = append(rows, fanInRows(s)...)
	rows = append(rows, routeRows(s)...)
	rows = append(rows, memoryRows(s)...)
	rows = append(rows, idleRow())
	return append(rows, wireRows(s)...)
}

// onOne turns rows into those for one processor, which are for mq and channels.
func onOne(table string, rows []Row) []Row {
	for i := range rows {
		r := &rows[i]
		r.Table, r.Name, r.Procs = table, r.Name+oneProcessor, 1
		r.Peers = []string{peer.MQ, peer.MQBackground, peer.Chan, peer.ChanCtx}
	}
	return rows
}

// The sizes of payloads, in bytes.
const (
	small     = 16
	large     = 1000
	wireSmall = 10 // over a network
)

var sizeNames = map[int]string{
	1: "1 B", 10: "10 B", small: "16 B", 100: "100 B", large: "1 kB", 10_000: "10 kB",
	100_000: "100 kB", 1_000_000: "1 MB", 10_000_000: "10 MB",
}

const perMessage = "ns per message"

func oneWayRow(name string, size int, w peer.Work) Row {
	return Row{
		Table: OneWay, Least: peer.Capacity,
		Name:  fmt.Sprintf("one-way/%s/%d", name, size),
		Lines: []Line{{Name: name + ", " + sizeNames[size], Unit: perMessage}},
		work:  w, size: size, run: oneWay,
	}
}

func oneWayRows() []Row {
	var rows []Row
	for _, size := range []int{small, large} {
		for _, n := range [][2]int{{1, 1}, {4, 1}, {1, 4}, {16, 16}} {
			rows = append(rows, oneWayRow(fmt.Sprintf("%dx%d", n[0], n[1]), size,
				peer.Work{Pattern: peer.Pipeline, Producers: n[0], Consumers: n[1]}))
		}
	}
	rows = append(rows,
		oneWayRow("1 PUSH 4 PULL", small, peer.Work{Pattern: peer.Pipeline, Producers: 1, Consumers: 4, Apart: true}),
		oneWayRow("PAIR", small, peer.Work{Pattern: peer.Pair, N: 1}))
	both := oneWayRow("PAIR both ways", small, peer.Work{Pattern: peer.Pair, N: 2})
	both.run = bothWays
	return append(rows, both)
}

func roundTripRows() []Row {
	const unit = "ns"
	lines := []Line{{Name: "mean", Unit: unit}}
	for _, p := range percentiles {
		lines = append(lines, Line{Name: fmt.Sprintf("p%v", p), Unit: unit})
	}
	return []Row{{
		Table: RoundTrip, Name: "round-trip", Lines: lines,
		work: peer.Work{Pattern: peer.Request}, size: small, run: roundTrip,
	}}
}

func fanOutRows(s Scale) []Row {
	var rows []Row
	for _, n := range s.Subscribers {
		rows = append(rows, Row{
			Table: FanOut, Name: fmt.Sprint("fan-out/", n),
			Lines: []Line{{Name: plural(n, "subscriber"), Unit: "ns per delivery"}},
			Count: n, Least: min(batch, 100_000/n), Warm: true,
			work: peer.Work{Pattern: peer.FanOut, N: n}, size: small, run: fanOut,
		})
	}
	return rows
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return stat.Count(n) + " " + what
}

func matchRows(s Scale) []Row {
	var rows []Row
	for _, n := range s.Matching {
		name := stat.Count(n) + " subscriptions, "
		rows = append(rows, Row{
			Table: Matching, Name: fmt.Sprint("matching/", n),
			Lines: []Line{
				{Name: name + "topics over all", Unit: perMessage},
				{Name: name + fmt.Sprintf("%d topics", min(n, working)), Unit: perMessage},
			},
			Count: n,
			work:  peer.Work{Pattern: peer.Match, N: n}, run: match,
		})
	}
	return rows
}

// prepare makes what is too large to be kept while other rows are measured.
func (r *Row) prepare() {
	if r.work.Pattern == peer.Match && r.work.N > 0 {
		r.work.Topics = makeTopics(r.work.N)
	}
}

func subscribeRow(s Scale) Row {
	n := stat.Count(s.Prefixes) + " prefixes"
	return Row{
		Table: Subscribing, Name: "subscribe",
		Lines: []Line{
			{Name: "Subscribe, " + n, Unit: "ns per prefix"},
			{Name: "Unsubscribe, " + n, Unit: "ns per prefix"},
			{Name: "memory held", Unit: "bytes per prefix", Bare: true},
		},
		Fixed: s.Prefixes, Alone: true, do: subscribe,
	}
}

func fanInRows(s Scale) []Row {
	row := func(name, line string, busy, all int) Row {
		return Row{
			Table: FanIn, Least: peer.Capacity, Warm: true, Name: "fan-in/" + name, Lines: []Line{{Name: line, Unit: perMessage}},
			work: peer.Work{Pattern: peer.FanIn, N: all}, size: small, run: fanIn(busy, 1),
		}
	}
	var rows []Row
	most := 0
	for _, n := range s.Peers {
		inTurn := row(fmt.Sprint(n), plural(n, "peer")+" in turn", n, n)
		inTurn.Count = n
		rows = append(rows, inTurn)
		most = max(most, n)
	}
	return append(rows, row("1-busy", fmt.Sprintf("1 busy peer beside %s idle", stat.Count(most)), 1, 1+most))
}

func memoryRows(s Scale) []Row {
	row := func(name, line, unit string, copies int, do func(peer.Contender, options, int) (result, error)) Row {
		return Row{
			Table: Memory, Name: "memory/" + name, Lines: []Line{{Name: line, Unit: unit, Bare: true}},
			Fixed: copies, Most: 3, Alone: true, do: do,
		}
	}
	return []Row{
		row("endpoint", "idle socket", "bytes", s.Copies, held(peer.Endpoints)),
		row("link", "idle PUSH-PULL link, with its sockets", "bytes", s.Copies, held(peer.Links)),
		row("queued", "queued message, besides its payload", "bytes", max(1, s.Copies/20), queued),
	}
}

func idleRow() Row {
	return Row{
		Table: Idle, Name: "idle", Lines: []Line{{Name: "100 goroutines in Recv", Unit: "us of processor time per second", Bare: true}},
		Fixed: 100, Most: 1, Alone: true, do: idle,
	}
}
