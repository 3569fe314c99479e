// SPDX-License-Identifier: MIT

package transport_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
	"github.com/seedmq/mq/internal/transport"
)

// These tests let two things happen at the same moment, many times over.

// TestReleaseMeetsClose ends a link while its queue is closed: what is in the
// queue goes to who closed it, or stays for the receiver to take.
func TestReleaseMeetsClose(t *testing.T) {
	for range rounds(20_000) {
		q := transport.NewQueue(4)
		var in transport.Inbox
		s := attach(t, &in, q)
		q.TryPush(msg("x"))
		var back int
		var both sync.WaitGroup
		both.Go(func() { back = len(q.Close()) })
		both.Go(func() { in.Release(s) })
		both.Wait()
		in.Close(func(_ *transport.Source, rest []transport.Msg) { back += len(rest) })
		require.Equal(t, 1, back)
	}
}

// TestWakeUpOfOneWhoGivesUpIsPassedOn cancels a receiver that was just woken: if it
// does not take the message, another inbox does.
func TestWakeUpOfOneWhoGivesUpIsPassedOn(t *testing.T) {
	passed := 0
	for round := range rounds(2000) {
		synctest.Test(t, func(t *testing.T) {
			q := transport.NewQueue(1)
			var first, second transport.Inbox
			attach(t, &first, q)
			attach(t, &second, q)
			ctx, cancel := context.WithCancel(t.Context())
			a := await(ctx, &first)
			synctest.Wait()
			rest, stop := context.WithCancel(t.Context())
			b := await(rest, &second)
			synctest.Wait()
			if round%4 == 0 {
				q.TryPush(msg("x"))
				cancel()
			} else {
				cancel() // it wakes for this, and is still on the list
				q.TryPush(msg("x"))
			}
			synctest.Wait()
			require.Zero(t, q.Len(), "somebody took it")
			if got := <-a; got.err != nil {
				require.Equal(t, received{text: "x"}, <-b)
				passed++
			}
			cancel()
			stop()
		})
	}
	t.Log("passed on:", passed)
}

// TestNobodyMissesTheOther lets senders and receivers of a short queue run as fast
// as they can, so that all park all the time. If one missed that it had to wake
// another, the bubble would be deadlocked.
func TestNobodyMissesTheOther(t *testing.T) {
	for _, n := range []struct{ senders, inboxes, receivers, limit int }{
		{1, 1, 1, 1}, {1, 1, 1, 2}, {3, 1, 1, 1}, {1, 1, 3, 1}, {1, 3, 1, 1}, {2, 2, 2, 2}, {3, 2, 2, 40},
	} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				total := rounds(6000) / 12 * 12
				q := transport.NewQueue(n.limit)
				for range n.senders {
					go func() {
						for range total / n.senders {
							if err := q.Send(t.Context(), msg("x")); err != nil {
								t.Error(err)
							}
						}
					}()
				}
				inboxes := make([]transport.Inbox, n.inboxes)
				all := make(chan struct{}, total)
				for i := range inboxes {
					inboxes[i].Yield = n.limit%2 == 1
					attach(t, &inboxes[i], q)
					for range n.receivers {
						go func() {
							for {
								if _, _, err := inboxes[i].Recv(t.Context()); err != nil {
									return
								}
								all <- struct{}{}
							}
						}()
					}
				}
				for range total {
					<-all
				}
				for i := range inboxes {
					inboxes[i].Close(nil)
				}
			})
		})
	}
}

// TestQueueCloseMeetsSenders closes a queue while senders are at work in it, and
// while it grows: what they were told is in it comes out.
func TestQueueCloseMeetsSenders(t *testing.T) {
	for round := range rounds(2000) {
		q := transport.NewQueue(1 + round%70)
		end := []func() []transport.Msg{q.Close, q.Drain}[round%2]
		var mu sync.Mutex
		var accepted, out []string
		var all sync.WaitGroup
		for p := range 3 {
			all.Go(func() {
				for i := range 40 {
					m := fmt.Sprintf("%d.%d", p, i)
					if q.TryPush(msg(m)) == ring.OK {
						mu.Lock()
						accepted = append(accepted, m)
						mu.Unlock()
					}
				}
			})
		}
		all.Go(func() {
			for range 20 {
				if m, st := q.TryPop(); st == ring.OK {
					mu.Lock()
					out = append(out, text(m))
					mu.Unlock()
				}
			}
		})
		for range round % 40 {
			runtime.Gosched()
		}
		rest := texts(end())
		all.Wait()
		require.Zero(t, q.Len())
		require.ElementsMatch(t, accepted, append(out, rest...))
		require.EqualValues(t, len(accepted), q.Pushed())
	}
}

// TestQueueSendCancelMeetsRoom cancels a blocked sender while room is made for it:
// the room goes to the next one, or it used it.
func TestQueueSendCancelMeetsRoom(t *testing.T) {
	for round := range rounds(3000) {
		synctest.Test(t, func(t *testing.T) {
			q := transport.NewQueue(1)
			fill(t, q, 0)
			ctx, cancel := context.WithCancel(t.Context())
			rest, stop := context.WithCancel(t.Context())
			first := make(chan error, 1)
			go func() { first <- q.Send(ctx, msg("first")) }()
			synctest.Wait()
			second := make(chan error, 1)
			go func() { second <- q.Send(rest, msg("second")) }()
			synctest.Wait()
			if round%4 == 0 {
				pop(t, q, 1)
				cancel()
			} else {
				cancel() // it wakes for this, and is still on the list
				pop(t, q, 1)
			}
			synctest.Wait()
			require.Equal(t, 1, q.Len(), "one of them got the room")
			if <-first == nil {
				require.Equal(t, 1, q.Blocked())
				stop()
				require.ErrorIs(t, <-second, context.Canceled)
			} else {
				require.NoError(t, <-second)
			}
			stop()
			cancel()
		})
	}
}

// TestQueueSendSeesRoomMadeBeforeItSleeps pops as fast as it can from a queue that
// a sender finds full all the time.
func TestQueueSendSeesRoomMadeBeforeItSleeps(t *testing.T) {
	for limit := 1; limit <= 3; limit++ {
		synctest.Test(t, func(t *testing.T) {
			q := transport.NewQueue(limit)
			total := rounds(30_000)
			go func() {
				for range total {
					if err := q.Send(t.Context(), msg("x")); err != nil {
						return
					}
				}
			}()
			for popped, tries := 0, 1; popped < total; tries++ {
				if _, st := q.TryPop(); st == ring.OK {
					popped++
					tries = 0
				}
				switch {
				case tries == 10_000:
					tries = 0
					synctest.Wait()
					require.False(t, q.Len() == 0 && q.Blocked() > 0, "a Send sleeps, and the queue is empty")
				case tries%16 == 15:
					runtime.Gosched()
				}
			}
		})
	}
}

// rounds is n, or fewer where the user has no time.
func rounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}
