// SPDX-License-Identifier: MIT

//go:build unix

package mqnet

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A stream looks when that is due, and while messages come one by one.
func TestGlance(t *testing.T) {
	const step = time.Millisecond
	now := time.Hour
	g := newGlances()
	g.clock = func() time.Duration { return now }
	require.False(t, g.look(step), "nobody is there")
	require.Equal(t, batchMax, g.batch())

	g.met()
	require.True(t, g.look(step))
	require.Equal(t, besideBatch, g.batch())
	require.False(t, g.look(step), "this moment somebody has looked")
	now += step
	require.True(t, g.look(step), "another message may come")
	now += besideTime
	require.False(t, g.look(step), "none has come for long")
	require.Equal(t, batchMax, g.batch())
	g.met()
	require.True(t, g.look(step))
}

// Where Go does not look soon, streams stop waiting for it.
func TestGlanceTakesLong(t *testing.T) {
	now, slow := time.Hour, time.Duration(0)
	g := newGlances()
	g.clock = func() time.Duration {
		now += slow // each time somebody looks at it
		return now
	}
	look := func(each time.Duration) bool {
		g.met()
		slow = each
		return g.look(0)
	}
	require.True(t, look(4*time.Millisecond))
	require.True(t, look(0), "once is nothing")
	require.True(t, look(10*time.Millisecond))
	require.False(t, look(0))
	require.Equal(t, batchMax, g.batch())
	now += glanceRest * glanceLong
	require.False(t, look(0), "it took longer than that")
	for g.batch() != besideBatch { // until it does not take long any more
		now += time.Second
		require.True(t, look(0))
	}
}

// All that stream look, and each of them goes on.
func TestGlanceOfMany(t *testing.T) {
	g := newGlances()
	g.clock = func() time.Duration { return time.Hour } // however long they take
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 1000 {
				g.met()
				g.look(0)
			}
		})
	}
	wg.Wait()
	g.met()
	require.True(t, g.look(0))
}

// Where no more files can be opened, nobody looks.
func TestGlanceWithoutPipe(t *testing.T) {
	g := newGlances()
	g.echo.tried = true
	g.met()
	require.False(t, g.look(0))
	require.Equal(t, batchMax, g.batch())
}
