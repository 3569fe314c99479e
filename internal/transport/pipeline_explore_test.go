// SPDX-License-Identifier: MIT

package transport

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPipelineExplored tries the protocol of net/PIPELINE.md with few messages in every
// order of events: sending, arriving, receiving, confirming, connections that are cut with
// any part of what was under way lost, or that one side takes for alive when the other has
// made a new one; with a PUSH that waits for the PULL, and with one that gives up. The
// counting is that of [Tab] and [Receipt]; what sessions do with it is modelled.
//
// Whatever has happened, it must be possible to finish, and then
//   - if the PUSH never gave up, the PULL has received each message once, in order;
//   - otherwise each was received, and of one that was received several times all but one
//     were marked.
//
// No state may be stuck before that.
func TestPipelineExplored(t *testing.T) {
	for _, c := range []exploredCase{
		{messages: 3, window: 1, cuts: 2},
		{messages: 3, window: 2, cuts: 2},
		{messages: 1, window: 1, cuts: 3},
		{messages: 3, window: 2, cuts: 1, confirms: true},
		{messages: 2, window: 2, cuts: 2, confirms: true},
		{messages: 2, window: 2, cuts: 2, givesUp: true},
		{messages: 2, window: 2, cuts: 2, givesUp: true, confirms: true},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			if testing.Short() && c.cuts > 1 {
				c.cuts--
			}
			seen, finished := explore(t, c)
			t.Logf("%d states, %d of them final", seen, finished)
			require.Positive(t, finished)
		})
	}
}

type exploredCase struct {
	messages, window, cuts int
	confirms, givesUp      bool
}

// explore visits every state that can be reached.
func explore(t *testing.T, c exploredCase) (seen, finished int) {
	first := &pipeline{exploredCase: c, receipt: newReceipt()}
	first.receipt.Stream = StreamID{99}
	for n := range c.messages {
		first.queue = append(first.queue, NewMsg([]byte{byte('a' + n)}, nil))
	}
	known := map[string]bool{first.key(): true}
	for ahead := []*pipeline{first}; len(ahead) > 0; {
		p := ahead[len(ahead)-1]
		ahead = ahead[:len(ahead)-1]
		progress := false
		p.each(func(event string, next *pipeline, forward bool) {
			progress = progress || forward
			next.path = append(slices.Clone(p.path), event)
			next.requireSane(t)
			if k := next.key(); !known[k] {
				known[k] = true
				ahead = append(ahead, next)
			}
		})
		if !progress {
			finished++
			p.requireDone(t)
		}
	}
	return len(known), finished
}

// pipeline is a state: a PUSH, a PULL, and the connections between them, of which each side
// has the last one that it knows of.
type pipeline struct {
	exploredCase
	path []string // events that led here

	queue   []Msg
	tab     Tab
	streams byte // begun
	push    int  // number of the connection that has the lane, from 1; 0 if none
	latest  int  // that ever had it
	limit   uint64
	next    uint64 // the number of the next message to be written

	receipt  Receipt
	pull     int // likewise
	begun    bool
	received uint64
	inbox    []Msg // has come and is not delivered
	granted  uint64
	told     [2]uint64 // the last acknowledgement
	open     []uint64  // delivered and not confirmed

	got    []Msg // by the PULL
	others []Msg // by another worker, which has it at once

	connections []wireUnderTest
}

// wireUnderTest is a connection: what is under way, and whether it is cut.
type wireUnderTest struct {
	toPull, toPush []string // "start s n", "msg x", "resume s d e c", "ack d l"
	cut            bool
	pushLeft       bool // the PUSH has seen its end
	pullLeft       bool
}

func (p *pipeline) clone() *pipeline {
	c := *p
	c.queue = slices.Clone(p.queue)
	c.tab.msgs, c.tab.head = slices.Clone(p.tab.open()), 0
	c.receipt.beyond = make(map[uint64]struct{})
	for n := range p.receipt.beyond {
		c.receipt.beyond[n] = struct{}{}
	}
	c.inbox, c.got, c.others = slices.Clone(p.inbox), slices.Clone(p.got), slices.Clone(p.others)
	c.open = slices.Clone(p.open)
	c.connections = slices.Clone(p.connections)
	for i := range c.connections {
		w := &c.connections[i]
		w.toPull, w.toPush = slices.Clone(w.toPull), slices.Clone(w.toPush)
	}
	return &c
}

func (p *pipeline) key() string {
	var b strings.Builder
	fmt.Fprint(&b, names(p.queue), names(p.tab.open()), p.tab.stream[0], p.tab.done, p.push, p.latest, p.limit, p.next,
		p.receipt.Progress, len(p.receipt.beyond), p.pull, p.begun, p.received, names(p.inbox), p.granted, p.told, p.open,
		names(p.got), names(p.others), p.connections)
	return b.String()
}

func names(msgs []Msg) string {
	var b strings.Builder
	for _, m := range msgs {
		b.Write(m.First())
		if note := m.Note(); note != nil && note.Again {
			b.WriteByte('!')
		}
	}
	return b.String()
}

// each calls f with all that can happen next. forward tells events that bring the work on
// from those that may never come: cuts, and giving up while there is a connection.
func (p *pipeline) each(f func(event string, next *pipeline, forward bool)) {
	try := func(event string, forward bool, do func(*pipeline) bool) {
		if next := p.clone(); do(next) {
			f(event, next, forward)
		}
	}
	try("send", true, (*pipeline).send)
	try("read", true, (*pipeline).pullReads)
	try("deliver", true, (*pipeline).deliver)
	try("acknowledge", true, (*pipeline).acknowledge)
	for i := range p.open {
		try("confirm", true, func(p *pipeline) bool { return p.confirm(i) })
	}
	for i := range p.connections {
		try("hear", true, func(p *pipeline) bool { return p.pushReads(i + 1) })
		for left := range len(p.connections[i].toPull) + 1 {
			for right := range len(p.connections[i].toPush) + 1 {
				try("cut", false, func(p *pipeline) bool { return p.cutAt(i, left, right) })
			}
		}
	}
	try("connect", true, (*pipeline).connect)
	try("give up", false, (*pipeline).giveUp)
}

func (p *pipeline) cutAt(i, left, right int) bool {
	w := &p.connections[i]
	if w.cut || p.cuts == 0 {
		return false
	}
	p.cuts--
	w.cut, w.toPull, w.toPush = true, w.toPull[:left], w.toPush[:right]
	return true
}

// connect is possible when one side has lost its connection: the other may not know yet.
func (p *pipeline) connect() bool {
	if n := len(p.connections); n > 0 {
		if last := p.connections[n-1]; !last.cut || !last.pushLeft && !last.pullLeft {
			return false
		}
	}
	p.connections = append(p.connections, wireUnderTest{})
	p.pullLeaves()
	p.pull = len(p.connections)
	r := p.receipt.Progress
	p.received, p.granted, p.begun = r.Delivered, r.Delivered+uint64(p.window), false
	p.told = [2]uint64{r.Done, p.granted}
	p.toPush(fmt.Sprintf("resume %d %d %d %d", r.Stream[0], r.Delivered, r.Done, p.window))
	return true
}

func (p *pipeline) toPush(what string) {
	if w := &p.connections[p.pull-1]; !w.cut {
		w.toPush = append(w.toPush, what)
	}
}

func (p *pipeline) toPull(what string) {
	if w := &p.connections[p.push-1]; !w.cut {
		w.toPull = append(w.toPull, what)
	}
}

// pullLeaves is what the PULL does when its connection has ended: it forgets what nobody
// has received.
func (p *pipeline) pullLeaves() {
	if p.pull > 0 {
		p.connections[p.pull-1].pullLeft = true
		p.connections[p.pull-1].cut = true
		p.inbox, p.pull, p.received = nil, 0, p.receipt.Delivered
	}
}

func (p *pipeline) pushLeaves() {
	if p.push > 0 {
		p.connections[p.push-1].pushLeft = true
		p.connections[p.push-1].cut = true
		p.push = 0
	}
}

// send writes the next message: one that is in the tab, or a new one.
func (p *pipeline) send() bool {
	if p.push == 0 || p.next > p.limit || p.connections[p.push-1].cut {
		return false
	}
	if p.next > p.tab.sent() {
		if len(p.queue) == 0 {
			return false
		}
		p.tab.add(p.queue[:1])
		p.queue = p.queue[1:]
	}
	p.toPull("msg " + names(p.tab.open()[p.next-p.tab.done-1:][:1]))
	p.next++
	return true
}

func (p *pipeline) pullReads() bool {
	if p.pull == 0 {
		return false
	}
	w := &p.connections[p.pull-1]
	if len(w.toPull) == 0 {
		if w.cut {
			p.pullLeaves()
		}
		return p.pull == 0
	}
	item := w.toPull[0]
	w.toPull = w.toPull[1:]
	var stream byte
	var from uint64
	if n, _ := fmt.Sscanf(item, "start %d %d", &stream, &from); n == 2 {
		must(p.receipt.start(StreamID{stream}, from))
		p.begun, p.received, p.granted = true, from-1, from-1+uint64(p.window)
		if from == 1 {
			p.told = [2]uint64{0, p.granted}
			p.open = nil // of a stream that is over
		}
		return true
	}
	if p.received++; !p.begun || p.received > p.granted {
		panic("a message without leave")
	}
	m := NewMsg([]byte{item[4]}, nil)
	if strings.HasSuffix(item, "!") {
		m = m.Again()
	}
	p.inbox = append(p.inbox, m)
	return true
}

func (p *pipeline) deliver() bool {
	if len(p.inbox) == 0 {
		return false
	}
	p.got = append(p.got, p.inbox[0])
	p.inbox = p.inbox[1:]
	p.receipt.Delivered++
	if p.confirms {
		p.open = append(p.open, p.receipt.Delivered)
	} else {
		p.receipt.Done++
	}
	return true
}

func (p *pipeline) confirm(i int) bool {
	p.receipt.confirm(p.open[i])
	p.open = slices.Delete(p.open, i, i+1)
	return true
}

func (p *pipeline) acknowledge() bool {
	if p.pull == 0 || !p.begun || p.connections[p.pull-1].cut {
		return false
	}
	limit := min(p.receipt.Delivered, p.receipt.Done) + uint64(p.window)
	if tell := [2]uint64{p.receipt.Done, limit}; tell != p.told {
		p.told, p.granted = tell, max(limit, p.granted)
		p.toPush(fmt.Sprintf("ack %d %d", tell[0], tell[1]))
		return true
	}
	return false
}

func (p *pipeline) pushReads(n int) bool {
	w := &p.connections[n-1]
	if w.pushLeft {
		return false
	}
	if len(w.toPush) == 0 {
		if w.cut {
			w.pushLeft = true
			if p.push == n {
				p.pushLeaves()
			}
		}
		return w.cut
	}
	item := w.toPush[0]
	w.toPush = w.toPush[1:]
	var stream byte
	var a, b, c uint64
	if k, _ := fmt.Sscanf(item, "resume %d %d %d %d", &stream, &a, &b, &c); k == 4 {
		p.resume(n, Progress{StreamID{stream}, a, b}, c)
		return true
	}
	if k, _ := fmt.Sscanf(item, "ack %d %d", &a, &b); k != 2 || p.push != n {
		panic("what is " + item)
	}
	_, err := p.tab.confirm(a)
	must(err)
	p.limit = max(p.limit, b)
	return true
}

// resume is [Ledger.Acquire] and [Lane.Resume], after the old connection has given up the
// lane. A connection that is older than another is refused.
func (p *pipeline) resume(n int, at Progress, credit uint64) {
	if n < p.latest {
		p.connections[n-1].cut, p.connections[n-1].pushLeft = true, true
		return
	}
	p.pushLeaves()
	p.push, p.latest = n, n
	ok, _, err := p.tab.resume(at)
	must(err)
	from := at.Delivered + 1
	if ok && at.Stream != p.tab.stream {
		from = 1
	}
	if !ok {
		p.streams++
		p.queue = append(p.tab.begin(StreamID{p.streams}, at.Stream, unknown), p.queue...)
		from = 1
	}
	p.next, p.limit = from, from-1+credit
	p.toPull(fmt.Sprintf("start %d %d", p.tab.stream[0], from))
}

// giveUp gives what is open to another worker, after the connection has ended.
func (p *pipeline) giveUp() bool {
	if !p.givesUp || p.push > 0 || len(p.tab.open()) == 0 {
		return false
	}
	p.others = append(p.others, p.tab.end(unknown)...)
	return true
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (p *pipeline) requireSane(t *testing.T) {
	if got := names(p.got); !p.givesUp && got != "abcdef"[:len(p.got)] {
		t.Fatalf("received %q after %q", got, p.path)
	}
	for _, n := range p.open {
		if p.tab.stream == p.receipt.Stream && n <= p.tab.done {
			t.Fatalf("%d is forgotten and not confirmed after %q", n, p.path)
		}
	}
	plain := map[string]int{}
	for _, m := range append(slices.Clone(p.got), p.others...) {
		if plain[names([]Msg{m})]++; m.Note() == nil && plain[names([]Msg{m})] > 1 {
			t.Fatalf("twice and not marked: %s, %s after %q", names(p.got), names(p.others), p.path)
		}
	}
}

func (p *pipeline) requireDone(t *testing.T) {
	all := map[byte]bool{}
	for _, m := range append(slices.Clone(p.got), p.others...) {
		all[m.First()[0]] = true
	}
	if len(all) != p.messages || len(p.queue) > 0 || len(p.tab.open()) > 0 {
		t.Fatalf("stuck with %q received, %q by others, %q queued and %q open after %q",
			names(p.got), names(p.others), names(p.queue), names(p.tab.open()), p.path)
	}
}
