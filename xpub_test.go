// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// hearing is an XPUB, and what several goroutines have received from it.
type hearing struct {
	mq.XPub

	mu    sync.Mutex     // protects the fields below
	count map[string]int // by prefix: subscriptions, less the ends of them
	users map[string]int // other messages
}

// listen receives until ctx is done.
func (h *hearing) listen(ctx context.Context) {
	for m, err := range mq.Messages(ctx, h) {
		if err == nil {
			h.note(m)
		}
	}
}

// giveUp is one more listener, which has little time again and again.
func (h *hearing) giveUp(t *testing.T) {
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		if m, err := h.Recv(ctx); err == nil {
			h.note(m)
		} else {
			assert.ErrorIs(t, err, context.Canceled)
		}
		cancel()
	}
}

func (h *hearing) note(m mq.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch m.Data[0] {
	case 1:
		h.count[string(m.Data[1:])]++
	case 0:
		h.count[string(m.Data[1:])]--
	default:
		h.users[m.String()]++
	}
}

// believed are the prefixes that the application takes for subscribed, and how often.
func (h *hearing) believed() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	believed := map[string]int{}
	for prefix, n := range h.count {
		if n != 0 {
			believed[prefix] = n
		}
	}
	return believed
}

// fickle is a SUB that changes its mind, and comes and goes.
type fickle struct {
	mq.Sub
	wants map[string]bool
	there bool
}

func (f *fickle) live(t *testing.T, o mq.Option) {
	const addr = "inproc://pub0"
	f.Sub, f.wants, f.there = mq.NewSub(o, mq.WithRecvHWM(1)), map[string]bool{}, false
	for range 50 {
		topic := []string{"", "a", "ab", "abc", "c"}[rand.IntN(5)]
		switch rand.IntN(8) {
		case 0:
			assert.NoError(t, f.Connect(addr))
			f.there = true
		case 1:
			assertPromised(t, f.Disconnect(addr))
			f.there = false
		case 2, 3, 4:
			if !f.wants[topic] { // or WithVerboser would hear of it again
				assert.NoError(t, f.Subscribe(topic))
				f.wants[topic] = true
			}
		default:
			assert.NoError(t, f.Unsubscribe(topic))
			delete(f.wants, topic)
		}
	}
}

// TestStressXPub has SUBs subscribe, come and go, while many goroutines send and receive
// with an XPUB. In the end nobody sleeps over what is there, the application believes what
// is true, and whoever stayed has got its messages.
func TestStressXPub(t *testing.T) {
	for _, verboser := range []bool{false, true} {
		for _, hwm := range []int{1, 1000} {
			t.Run(fmt.Sprintf("verboser=%v/hwm=%d", verboser, hwm), func(t *testing.T) {
				for range rounds(20) {
					synctest.Test(t, func(t *testing.T) { stressXPub(t, verboser, hwm) })
				}
			})
		}
	}
}

func stressXPub(t *testing.T, verboser bool, hwm int) {
	rt := mq.NewRuntime()
	o := mq.WithRuntime(rt)
	opts := []mq.Option{o, mq.WithRecvHWM(hwm), mq.WithSendHWM(20)}
	if verboser {
		opts = append(opts, mq.WithVerboser())
	}
	x := &hearing{XPub: mq.NewXPub(opts...), count: map[string]int{}, users: map[string]int{}}
	require.NoError(t, x.Bind("inproc://pub0"))
	stays := newAudience(t, 1, o, 10, "a", "c")
	talks := mq.NewXSub(o)
	require.NoError(t, talks.Connect("inproc://pub0"))

	ctx, cancel := context.WithCancel(t.Context())
	var listeners, others sync.WaitGroup
	listeners.Go(func() { stays.listen(ctx) })
	for range 3 {
		listeners.Go(func() { x.listen(ctx) })
	}
	all, sent := make([]fickle, 4), make([][]string, 2)
	for i := range all {
		others.Go(func() {
			for range 20 {
				if all[i].Sub != nil {
					assert.NoError(t, all[i].Close())
				}
				all[i].live(t, o)
			}
		})
	}
	for i := range sent {
		others.Go(func() {
			for n := range 500 {
				m := fmt.Sprintf("%s.%d.%d", []string{"a", "abc", "b", "c"}[rand.IntN(4)], i, n)
				sent[i] = append(sent[i], m)
				assert.NoError(t, x.Send(t.Context(), mq.Text(m)))
			}
		})
	}
	others.Go(func() { x.giveUp(t) })
	others.Go(func() {
		for n := range 200 {
			assert.NoError(t, talks.Send(t.Context(), mq.Text("user", fmt.Sprint(n))))
		}
	})
	others.Wait()
	synctest.Wait()
	require.Zero(t, x.Stats().Pending, "everybody sleeps")
	require.Equal(t, truth(all, stays.prefixes, verboser), x.believed())
	require.EqualValues(t, 200, len(x.users)+int(talks.Stats().Dropped), "user messages")
	for m, n := range x.users {
		require.Equal(t, 1, n, m)
	}
	cancel()
	listeners.Wait()
	stays.check(t, sent)
	require.NoError(t, rt.Close())
	requireEmpty(t, rt)
}

// truth is which prefixes have subscribers, and how many if that is what counts.
func truth(all []fickle, more []string, count bool) map[string]int {
	subscribed := map[string]int{}
	note := func(prefix string) {
		if subscribed[prefix]++; !count {
			subscribed[prefix] = 1
		}
	}
	for _, prefix := range more {
		note(prefix)
	}
	for _, f := range all {
		for prefix := range f.wants {
			if f.there {
				note(prefix)
			}
		}
	}
	return subscribed
}

// TestXPubServesAllThatWait has as many Recvs wait as things come at once: none of them
// sleeps on, though some are woken for what another takes.
func TestXPubServesAllThatWait(t *testing.T) {
	const peers = 4
	for range rounds(200) {
		synctest.Test(t, func(t *testing.T) {
			rt := mq.NewRuntime()
			o := mq.WithRuntime(rt)
			x := &hearing{XPub: mq.NewXPub(o), count: map[string]int{}, users: map[string]int{}}
			require.NoError(t, x.Bind("inproc://pub0"))
			var receivers, senders sync.WaitGroup
			for range 2 * peers {
				receivers.Go(func() {
					m, err := x.Recv(t.Context())
					assert.NoError(t, err)
					x.note(m)
				})
			}
			synctest.Wait()
			for i := range peers {
				s := mq.NewXSub(o)
				require.NoError(t, s.Connect("inproc://pub0"))
				senders.Go(func() {
					what := []string{fmt.Sprint("\x01", i), fmt.Sprint("user ", i)}
					rand.Shuffle(2, func(i, j int) { what[i], what[j] = what[j], what[i] })
					for _, m := range what {
						assert.NoError(t, s.Send(t.Context(), mq.Text(m)))
					}
				})
			}
			senders.Wait()
			receivers.Wait() // or the bubble is deadlocked
			require.Equal(t, map[string]int{"0": 1, "1": 1, "2": 1, "3": 1}, x.believed())
			require.Len(t, x.users, peers)
			require.NoError(t, rt.Close())
		})
	}
}
