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

// All that stream look, and each of them goes on.
func TestGlanceOfMany(t *testing.T) {
	g := newGlances()
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
