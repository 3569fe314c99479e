// SPDX-License-Identifier: MIT

//go:build !unix

package mqnet

const canTry = false

func tryWrite(uintptr, []byte) int { return 0 }
