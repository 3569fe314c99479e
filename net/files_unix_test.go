// SPDX-License-Identifier: MIT

//go:build unix

package mqnet_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// openFiles is how many files this process may have open.
func openFiles(t *testing.T) int {
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	return int(min(limit.Cur, 1<<20))
}
