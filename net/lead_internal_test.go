// SPDX-License-Identifier: MIT

package mqnet

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// given is a lead whose reader has given the connection away, and what give returns.
func given() (*lead, <-chan error) {
	l := &lead{roused: make(chan struct{}, 1)}
	back := make(chan error, 1)
	go func() { back <- l.give() }()
	synctest.Wait()
	return l, back
}

// atOnce is what give has returned without waiting for the timer.
func atOnce(t *testing.T, back <-chan error) error {
	t.Helper()
	synctest.Wait()
	require.Len(t, back, 1)
	return <-back
}

// Of the reader and of who is in Recv, one has the connection.
func TestLead(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]func(t *testing.T, l *lead, back <-chan error){
		"nobody takes it": func(t *testing.T, l *lead, back <-chan error) {
			time.Sleep(pauseMin - 1)
			require.Empty(t, back)
			require.NoError(t, <-back)
			require.False(t, l.take())
		},
		"it is taken again and again": func(t *testing.T, l *lead, back <-chan error) {
			for range 10 {
				require.True(t, l.take())
				require.False(t, l.take())
				time.Sleep(10 * pauseMin)
				l.leave(false, nil)
				time.Sleep(pauseMin - 1)
				require.Empty(t, back)
			}
			require.NoError(t, <-back)
		},
		"it goes on and on": func(t *testing.T, l *lead, back <-chan error) {
			for range 10_000 {
				require.True(t, l.take())
				time.Sleep(10 * time.Microsecond)
				l.leave(false, nil)
				time.Sleep(5 * time.Microsecond)
				require.Empty(t, back)
			}
			l.mu.Lock()
			require.Equal(t, pauseMax, l.pause)
			l.mu.Unlock()
			begun := time.Now()
			require.NoError(t, <-back)
			require.LessOrEqual(t, time.Since(begun), 2*pauseMax)
		},
		"there is more": func(t *testing.T, l *lead, back <-chan error) {
			require.True(t, l.take())
			l.leave(true, nil)
			require.NoError(t, atOnce(t, back))
		},
		"something is wrong": func(t *testing.T, l *lead, back <-chan error) {
			require.True(t, l.take())
			l.leave(false, broken)
			require.Equal(t, broken, atOnce(t, back))
		},
		"the reader is wanted": func(t *testing.T, l *lead, back <-chan error) {
			l.rouse()
			require.NoError(t, atOnce(t, back))
		},
		"the reader is wanted while it is taken": func(t *testing.T, l *lead, back <-chan error) {
			require.True(t, l.take())
			l.rouse()
			synctest.Wait()
			require.Empty(t, back)
			l.leave(false, nil)
			require.NoError(t, atOnce(t, back))
		},
		"the reader is wanted before it gives": func(t *testing.T, l *lead, back <-chan error) {
			l.rouse()
			require.NoError(t, atOnce(t, back))
			l.rouse()
			require.NoError(t, l.give())
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, back := given()
				begun := time.Now()
				test(t, l, back)
				require.Less(t, time.Since(begun), time.Second)
				time.Sleep(time.Second) // a timer that is left does nothing
			})
		})
	}
}
