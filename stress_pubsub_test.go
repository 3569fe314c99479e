// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// audience is a SUB that stays, with subscriptions that stay, and what it got.
type audience struct {
	mq.Sub
	prefixes []string
	got      []string
}

func newAudience(t *testing.T, pubs int, o mq.Option, hwm int, prefixes ...string) *audience {
	t.Helper()
	a := &audience{Sub: mq.NewSub(o, mq.WithRecvHWM(hwm)), prefixes: prefixes}
	for _, p := range prefixes {
		require.NoError(t, a.Subscribe(p))
	}
	for i := range pubs {
		require.NoError(t, a.Connect(fmt.Sprint("inproc://pub", i)))
	}
	return a
}

// listen receives until ctx is done.
func (a *audience) listen(ctx context.Context) {
	for m, err := range mq.Messages(ctx, a) {
		if err != nil {
			return
		}
		a.got = append(a.got, m.String())
	}
}

// check compares what a got with what was sent, one after the other by each sender.
func (a *audience) check(t *testing.T, sent [][]string) {
	t.Helper()
	wants := func(m string) bool {
		return slices.ContainsFunc(a.prefixes, func(p string) bool { return strings.HasPrefix(m, p) })
	}
	wanted := 0
	from := map[string]int{}            // the sender of each message
	rest := make([][]string, len(sent)) // what may still come, of each sender
	for i := range sent {
		for _, m := range sent[i] {
			if wants(m) {
				wanted++
				from[m] = i
				rest[i] = append(rest[i], m)
			}
		}
	}
	for _, m := range a.got {
		i, wanted := from[m]
		require.True(t, wanted, "not subscribed to %s", m)
		at := slices.Index(rest[i], m)
		require.GreaterOrEqual(t, at, 0, "%s came twice, or too late", m)
		rest[i] = rest[i][at+1:]
	}
	stats := a.Stats()
	require.EqualValues(t, len(a.got), stats.Received)
	require.EqualValues(t, wanted, stats.Received+stats.Dropped, "received and dropped")
	require.Zero(t, stats.Pending)
}

// passBy is a subscriber that comes, changes its mind, and goes.
func passBy(t *testing.T, o mq.Option, pubs int) {
	s := mq.NewSub(o, mq.WithRecvHWM(1+rand.IntN(5)))
	for range 20 {
		topic, addr := []string{"", "a", "ab", "abc", "c"}[rand.IntN(5)], fmt.Sprint("inproc://pub", rand.IntN(pubs))
		switch rand.IntN(6) {
		case 0:
			assert.NoError(t, s.Connect(addr))
		case 1:
			assertPromised(t, s.Disconnect(addr))
		case 2, 3:
			assert.NoError(t, s.Subscribe(topic))
		case 4:
			assert.NoError(t, s.Unsubscribe(topic))
		default:
			if s.Stats().Pending > 0 {
				ctx, cancel := context.WithTimeout(t.Context(), 1) // it may be one that is not wanted
				_, err := s.Recv(ctx)
				assertPromised(t, err)
				cancel()
			}
		}
	}
	assert.NoError(t, s.Close())
}

// TestStressPubSub sends to subscribers that stay, while others come and go: for
// those that stay, received and dropped are what was sent, and in order.
func TestStressPubSub(t *testing.T) {
	const pubs, senders = 2, 2
	for range rounds(20) {
		synctest.Test(t, func(t *testing.T) {
			rt := mq.NewRuntime()
			o := mq.WithRuntime(rt)
			var all []mq.Pub
			for i := range pubs {
				all = append(all, mq.NewPub(o, mq.WithSendHWM(20)))
				require.NoError(t, all[i].Bind(fmt.Sprint("inproc://pub", i)))
			}
			stay := []*audience{
				newAudience(t, pubs, o, 1, ""),
				newAudience(t, pubs, o, 1000, "a", "ab", "b"),
				newAudience(t, pubs, o, 10, "abc", "c", "c"),
			}
			ctx, cancel := context.WithCancel(t.Context())
			var listeners, others sync.WaitGroup
			for _, a := range stay {
				listeners.Go(func() { a.listen(ctx) })
			}
			for range 3 {
				others.Go(func() {
					for range 20 {
						passBy(t, o, pubs)
					}
				})
			}
			sent := make([][]string, pubs*senders)
			for i := range sent {
				others.Go(func() {
					for n := range 500 {
						m := fmt.Sprintf("%s.%d.%d", []string{"a", "abc", "b", "c", "abd"}[rand.IntN(5)], i, n)
						sent[i] = append(sent[i], m)
						assert.NoError(t, all[i%pubs].Send(t.Context(), mq.Text(m)))
					}
				})
			}
			others.Wait()
			synctest.Wait()
			var dropped uint64
			for _, p := range all {
				stats := p.Stats()
				require.EqualValues(t, 500*senders, stats.Sent)
				dropped += stats.Dropped
			}
			cancel()
			listeners.Wait()
			for _, a := range stay {
				a.check(t, sent)
				require.LessOrEqual(t, a.Stats().Dropped, dropped, "PUB counts them too")
				dropped -= a.Stats().Dropped
			}
			require.NoError(t, rt.Close())
			requireEmpty(t, rt)
		})
	}
}
