// SPDX-License-Identifier: MIT

package mq_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// pipeline is a scene of PUSH sockets, each bound to a name of its own, and PULL
// sockets, each connected to some of them.
type pipeline struct {
	*scene
	pushes    []mq.Socket
	hwm       []int // of each PUSH
	pulls     []mq.Socket
	connected []map[int]bool // of each PULL, to which PUSH; as it is after the step
}

func newPipeline(s *scene) *pipeline {
	p := &pipeline{scene: s}
	for j := range 1 + s.random.IntN(3) {
		p.hwm = append(p.hwm, 0)
		p.pushes = append(p.pushes, nil)
		p.openPush(j)()
	}
	for i := range 1 + s.random.IntN(3) {
		p.pulls = append(p.pulls, nil)
		p.connected = append(p.connected, nil)
		p.openPull(i)()
	}
	return p
}

func pushName(j int) string { return fmt.Sprint("inproc://push", j) }

func (p *pipeline) openPush(j int) func() {
	p.hwm[j] = 1 + p.random.IntN(3)
	push := mq.NewPush(p.option, mq.WithSendHWM(p.hwm[j]))
	p.pushes[j] = push
	return func() { assertPromised(p.t, push.Bind(pushName(j))) }
}

func (p *pipeline) openPull(i int) func() {
	pull := mq.NewPull(p.option)
	p.pulls[i], p.connected[i] = pull, map[int]bool{}
	var to []int
	for j := range p.pushes {
		if p.random.IntN(4) > 0 {
			to = append(to, j)
			p.connected[i][j] = true
		}
	}
	return func() {
		for _, j := range to {
			assertPromised(p.t, pull.Connect(pushName(j)))
		}
	}
}

func (p *pipeline) action(changed map[any]bool) func() {
	i, j := p.random.IntN(len(p.pulls)), p.random.IntN(len(p.pushes))
	push, pull := p.pushes[j], p.pulls[i]
	switch n := p.random.IntN(100); {
	case n < 35:
		return p.send(push)
	case n < 65:
		return p.recv(pull)
	case n < 83:
		return p.cancel()
	case changed[pull] || changed[push]:
		return func() {}
	case n < 92:
		changed[pull] = true
		p.connected[i][j] = !p.connected[i][j]
		if p.connected[i][j] {
			return func() { assertPromised(p.t, pull.Connect(pushName(j))) }
		}
		return func() { assertPromised(p.t, pull.Disconnect(pushName(j))) }
	case n < 97:
		open := p.openPull(i)
		changed[p.pulls[i]] = true
		return func() {
			assertPromised(p.t, p.ledger.close(pull))
			open()
		}
	default:
		open := p.openPush(j)
		changed[p.pushes[j]] = true
		return func() {
			assertPromised(p.t, p.ledger.close(push))
			open()
		}
	}
}

// check is called when nothing moves.
func (p *pipeline) check() {
	queued := make([]int, len(p.pushes))
	peers := make([]int, len(p.pushes))
	for j, push := range p.pushes {
		queued[j] = push.Stats().Queued
		require.LessOrEqual(p.t, queued[j], p.hwm[j], "the bound")
	}
	for i, pull := range p.pulls {
		linked := 0
		for j, yes := range p.connected[i] {
			if yes {
				linked++
				peers[j]++
			}
		}
		require.Equal(p.t, linked, pull.Stats().Peers, "PULL %d", i)
	}
	for j, push := range p.pushes {
		require.Equal(p.t, peers[j], push.Stats().Peers, "PUSH %d", j)
	}
	for _, c := range p.calls {
		if c.sends {
			j := slices.Index(p.pushes, c.on)
			require.GreaterOrEqual(p.t, j, 0, "a Send sleeps in a closed PUSH")
			require.Equal(p.t, p.hwm[j], queued[j], "a Send sleeps: messages queued")
			continue
		}
		i := slices.Index(p.pulls, c.on)
		require.GreaterOrEqual(p.t, i, 0, "a Recv sleeps in a closed PULL")
		require.Zero(p.t, c.on.Stats().Pending, "a Recv sleeps: messages pending")
		for j, yes := range p.connected[i] {
			require.False(p.t, yes && queued[j] > 0, "a Recv sleeps: messages queued")
		}
	}
}

func TestStressPipeline(t *testing.T) {
	play(t, 300, func(s *scene) {
		p := newPipeline(s)
		for range 40 {
			p.step(p.action)
			p.check()
		}
		p.end()
	})
}
