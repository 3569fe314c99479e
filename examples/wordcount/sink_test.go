// SPDX-License-Identifier: MIT

package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// TestSettledIsAnsweredAfterItWasPublished: whoever hears that all is counted stops
// to listen, so the last news has to be out by then.
func TestSettledIsAnsweredAfterItWasPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := newSink(newSockets(), at(t))
		require.NoError(t, err)
		defer closeEmpty(s.counts, s.results, s.news)

		counted := work{messages: 1, lines: 2, bytes: 3}
		now, err := s.add(mq.NewMessage([]byte("counted"), numbers(0, 0), counted.encode(), nil))
		require.NoError(t, err)
		require.Equal(t, counted, now.counted)

		answered := make(chan totals, 1)
		go func() {
			all, _ := s.await(t.Context(), 1, 0)
			answered <- all
		}()
		synctest.Wait()
		require.Empty(t, answered, "taken in, but not published")
		require.NoError(t, s.tell(t.Context(), now))
		require.Equal(t, now, <-answered)
	})
}

func TestWhatIsOfAnotherRunOrCameBeforeDoesNotCount(t *testing.T) {
	s, err := newSink(newSockets(), at(t))
	require.NoError(t, err)
	defer closeEmpty(s.counts, s.results, s.news)
	s.runID = 2

	counts := appendCount(nil, count{"word", 1})
	for _, run := range []int64{1, 2, 3} {
		one := work{messages: 1, lines: 1, bytes: 5}
		_, err := s.add(mq.NewMessage([]byte("counted"), numbers(run, 0), one.encode(), counts))
		require.NoError(t, err)
		_, err = s.add(mq.NewMessage([]byte("undone"), numbers(run, 1), one.encode()))
		require.NoError(t, err)
		_, err = s.add(mq.NewMessage([]byte("counted"), numbers(run, 0), one.encode(), counts))
		require.NoError(t, err, "once more, by another worker")
	}
	all, err := s.await(t.Context(), 0, 0)
	require.NoError(t, err)
	require.Equal(t, totals{counted: work{1, 1, 5}, undone: work{1, 1, 5}, words: 1, distinct: 1}, all)
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := newSink(newSockets(), at(t))
		require.NoError(t, err)
		defer closeEmpty(s.counts, s.results, s.news)
		all, err := s.await(t.Context(), 1, time.Hour)
		require.NoError(t, err)
		require.Zero(t, all)
	})
}
