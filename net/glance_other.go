// SPDX-License-Identifier: MIT

//go:build !unix

package mqnet

// echo needs pipes that a poller can watch.
type echo struct{}

func (*echo) open() bool { return false }

func (*echo) wait() {}
