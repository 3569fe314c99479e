// SPDX-License-Identifier: MIT

package main

import (
	"testing"
	"testing/synctest"

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
		now, err := s.add(mq.NewMessage([]byte("counted"), counted.encode(), nil))
		require.NoError(t, err)
		require.Equal(t, counted, now.counted)

		answered := make(chan totals, 1)
		go func() {
			all, _ := s.await(t.Context(), 1)
			answered <- all
		}()
		synctest.Wait()
		require.Empty(t, answered, "taken in, but not published")
		require.NoError(t, s.tell(t.Context(), now))
		require.Equal(t, now, <-answered)
	})
}
