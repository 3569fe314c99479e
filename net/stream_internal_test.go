// SPDX-License-Identifier: MIT

package mqnet

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A reader gives way after it has read much, but not where that costs it much time.
func TestStreamGivesWay(t *testing.T) {
	var s stream
	require.False(t, s.givesWay())
	s.read(streamMin - 1)
	require.False(t, s.givesWay(), "little was read")
	s.read(streamMin)
	require.True(t, s.givesWay())
	s.waited(turnMax)
	require.True(t, s.givesWay())
	s.waited(turnMax + 1)
	for range turnsKept {
		require.False(t, s.givesWay())
	}
	require.True(t, s.givesWay())
	s.read(0)
	require.False(t, s.givesWay())
}

// Messages come one by one where little was read many times in succession.
func TestStreamApart(t *testing.T) {
	var s stream
	for range apartMin {
		require.False(t, s.apart())
		s.read(streamMin - 1)
	}
	require.True(t, s.apart())
	s.read(1)
	require.True(t, s.apart())
	s.read(streamMin)
	require.False(t, s.apart())
}
