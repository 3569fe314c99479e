// SPDX-License-Identifier: MIT

package transport

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/ring"
)

func letters(s string) (msgs []Msg) {
	for i := range s {
		msgs = append(msgs, NewMsg([]byte(s[i:i+1]), nil))
	}
	return msgs
}

// account is a session that does nothing.
type account struct{ looked int }

func (a *account) CutOff()                {}
func (a *account) Ended() <-chan struct{} { return nil }
func (a *account) Look()                  { a.looked++ }

// bank is a ledger whose queue has so many takers.
func bank(t *testing.T, grace time.Duration, takers int) (*Ledger, *Queue) {
	q := NewQueue(100)
	q.free = takers
	return NewLedger(q, grace), q
}

func acquire(t *testing.T, l *Ledger, name string, attempt uint64) *Lane {
	n, other, err := l.Acquire(name, attempt, &account{})
	require.NoError(t, err)
	require.Nil(t, other)
	return n
}

// queued takes all out of a queue.
func queued(q *Queue) string {
	var msgs []Msg
	for m, st := q.tryPop(); st == ring.OK; m, st = q.tryPop() {
		msgs = append(msgs, m)
	}
	return names(msgs)
}

// What is confirmed is forgotten; what a PULL gives back is marked as far as it was
// delivered; and what is open is counted.
func TestLedgerEnd(t *testing.T) {
	l, q := bank(t, time.Hour, 0)
	n := acquire(t, l, "lane", 1)
	require.False(t, n.Add(letters("x")), "before it has resumed")
	require.Equal(t, "x", queued(q))
	_, from, again, err := n.Resume(Progress{Stream: NewStreamID()})
	require.NoError(t, err)
	require.EqualValues(t, 1, from)
	require.Empty(t, again)
	require.True(t, n.Add(letters("abcdef")))
	require.Equal(t, 6, l.Open())
	require.NoError(t, n.Confirm(2))
	require.Equal(t, 4, l.Open())
	require.ErrorIs(t, n.Confirm(1), ErrCount)
	require.ErrorIs(t, n.Confirm(7), ErrCount)
	require.ErrorIs(t, n.End(7, 7, false), ErrCount)
	require.NoError(t, n.End(3, 5, false))
	require.Zero(t, l.Open())
	require.Equal(t, "d!e!f", queued(q))
}

// A PULL that comes back goes on where it is; one that is somebody else does not.
func TestLedgerResume(t *testing.T) {
	l, q := bank(t, time.Hour, 1)
	n := acquire(t, l, "lane", 3)
	_, busy, err := l.Acquire("lane", 4, &account{})
	require.NoError(t, err)
	require.Equal(t, n.owner, busy)
	_, _, err = l.Acquire("lane", 3, &account{})
	require.ErrorIs(t, err, ErrStale)
	named := NewStreamID()
	stream, _, _, err := n.Resume(Progress{Stream: named})
	require.NoError(t, err)
	n.Add(letters("abc"))
	n.Release()
	require.True(t, l.Lost())

	n = acquire(t, l, "lane", 5)
	same, from, again, err := n.Resume(Progress{Stream: named})
	require.NoError(t, err)
	require.Equal(t, stream, same, "the PULL has not heard of it")
	require.EqualValues(t, 1, from)
	require.Equal(t, "abc", names(again))
	n.Release()

	n = acquire(t, l, "lane", 6)
	same, from, again, err = n.Resume(Progress{stream, 2, 1})
	require.NoError(t, err)
	require.Equal(t, stream, same)
	require.EqualValues(t, 3, from)
	require.Equal(t, "c", names(again))
	require.Equal(t, 2, l.Open())
	require.EqualValues(t, 4, l.Resent())
	for _, bad := range []Progress{{stream, 4, 1}, {stream, 1, 2}, {stream, 3, 0}} {
		_, _, _, err = n.Resume(bad)
		require.ErrorIs(t, err, ErrCount, "%+v", bad)
	}
	n.Release()
	require.Empty(t, queued(q))

	n = acquire(t, l, "lane", 7)
	other, from, again, err := n.Resume(Progress{Stream: NewStreamID()})
	require.NoError(t, err)
	require.NotEqual(t, stream, other)
	require.EqualValues(t, 1, from)
	require.Empty(t, again)
	require.Equal(t, "b!c!", queued(q))
}

// Others get what a lost PULL had when the grace is over, but not before there are others.
func TestLedgerGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, q := bank(t, time.Second, 1)
		lose := func(name, msgs string) {
			n := acquire(t, l, name, 1)
			_, _, _, err := n.Resume(Progress{Stream: NewStreamID()})
			require.NoError(t, err)
			n.Add(letters(msgs))
			n.Release()
		}
		lose("lane", "ab")
		time.Sleep(time.Second - time.Millisecond)
		synctest.Wait()
		require.Empty(t, queued(q))
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Equal(t, "a!b!", queued(q))
		require.Empty(t, l.lanes)

		q.free = 0
		lose("lane", "cd")
		lose("empty", "")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, queued(q))
		require.Len(t, l.lanes, 1, "nothing has to be kept of the other")
		q.free = 1
		l.Collect()
		require.Equal(t, "c!d!", queued(q))
		require.Zero(t, l.Open())

		lose("lane", "ef")
		require.Equal(t, "e!f!", names(l.Close()))
		require.Zero(t, l.Open())
		time.Sleep(time.Minute)
		require.Empty(t, queued(q))
	})
}

// What a PULL leaves, and what its session had taken meanwhile, comes back in order, whoever
// of the reader and the writer is first.
func TestLedgerEndWhileHolding(t *testing.T) {
	for what, giveBack := range map[string]func(*Lane){
		"c!de": func(n *Lane) { require.False(t, n.Add(letters("e"))) },
		"c!d":  (*Lane).GiveBack,
		"c!d ": (*Lane).Release,
	} {
		l, q := bank(t, time.Hour, 1)
		n := acquire(t, l, "lane", 1)
		_, _, _, err := n.Resume(Progress{Stream: NewStreamID()})
		require.NoError(t, err)
		require.True(t, n.Add(letters("abcd")))
		require.NoError(t, n.End(2, 3, true))
		require.Empty(t, queued(q))
		require.Equal(t, 2, l.Open())
		giveBack(n)
		require.Zero(t, l.Open())
		require.Equal(t, strings.TrimSpace(what), queued(q))
	}
}

// While the socket closes, sessions hear when nothing is open any more, and when something
// has come back.
func TestLedgerCloses(t *testing.T) {
	l, q := bank(t, time.Hour, 1)
	a, b := &account{}, &account{}
	lane := func(name string, who *account) *Lane {
		n, _, err := l.Acquire(name, 1, who)
		require.NoError(t, err)
		_, _, _, err = n.Resume(Progress{Stream: NewStreamID()})
		require.NoError(t, err)
		return n
	}
	first, second := lane("a", a), lane("b", b)
	first.Add(letters("ab"))
	require.NoError(t, first.Confirm(1))
	l.Shut()
	require.False(t, l.Settled())
	second.Add(letters("c"))
	require.NoError(t, second.Confirm(1))
	require.Zero(t, a.looked)
	require.NoError(t, first.End(1, 1, false))
	require.Positive(t, b.looked)
	require.False(t, l.Settled())
	require.Equal(t, "b", queued(q))
	require.True(t, l.Settled())
}

// Confirming in any order, as often as one likes, comes to the first that is not confirmed.
func TestReceiptConfirm(t *testing.T) {
	for range 200 {
		r := newReceipt()
		r.Delivered = 50
		confirmed := map[uint64]bool{}
		for range 200 {
			n := 1 + rand.Uint64N(50)
			before := r.Done
			confirmed[n] = true
			changed := r.confirm(n)
			want := uint64(0)
			for confirmed[want+1] {
				want++
			}
			require.Equal(t, want, r.Done)
			require.Equal(t, before != want, changed)
			for number := range r.beyond {
				require.Greater(t, number, r.Done, "no longer of use")
			}
		}
	}
}

// A tab does not grow with what has passed through it, and holds on to nothing confirmed.
func TestTabStaysSmall(t *testing.T) {
	tab := Tab{stream: NewStreamID()}
	for range 10_000 {
		tab.add(letters("abc"))
		if tab.sent()-tab.done > 20 {
			_, err := tab.confirm(tab.sent() - 4)
			require.NoError(t, err)
			for _, m := range tab.msgs[:tab.head] {
				require.Zero(t, m)
			}
		}
	}
	require.LessOrEqual(t, cap(tab.msgs), 100)
	require.Equal(t, "abc", names(tab.open())[len(tab.open())-3:])
}
