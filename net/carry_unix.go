// SPDX-License-Identifier: MIT

//go:build unix

package mqnet

import "syscall"

const canTry = true

// tryWrite writes what the kernel takes of b without waiting, to a connection that does not
// block, and returns how much that is.
func tryWrite(fd uintptr, b []byte) int {
	n, err := syscall.Write(int(fd), b)
	if err != nil {
		return 0
	}
	return n
}
