// SPDX-License-Identifier: MIT

//go:build unix

package peer

import "syscall"

// OpenFiles is how many files a process may have open.
func OpenFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int(min(uint64(limit.Cur), 1<<30)) // Go has raised it to the most there is
}
