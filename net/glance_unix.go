// SPDX-License-Identifier: MIT

//go:build unix

package mqnet

import (
	"errors"
	"os"
	"syscall"
)

// echo is a pipe from oneself to oneself.
type echo struct {
	tried   bool
	in, out *os.File
	raw     syscall.RawConn    // of in; nil if there is no pipe
	step    func(uintptr) bool // for raw
	sent    bool
	bytes   [8]byte
}

// open reports whether there is a pipe.
func (e *echo) open() bool {
	if e.tried {
		return e.raw != nil
	}
	e.tried = true
	var err error
	if e.in, e.out, err = os.Pipe(); err != nil {
		return false // too many files are open, perhaps: it goes without
	}
	if e.raw, err = e.in.SyscallConn(); err != nil {
		e.raw = nil
		return false
	}
	e.step = e.next
	return true
}

// wait sends a byte, and waits until the poller says that it is there.
func (e *echo) wait() {
	e.sent = false
	_ = e.raw.Read(e.step)
}

// next reports whether wait is over.
func (e *echo) next(fd uintptr) bool {
	if !e.sent {
		e.sent = true
		_, err := e.out.Write(e.bytes[:1])
		return err != nil
	}
	_, err := syscall.Read(int(fd), e.bytes[:])
	return !errors.Is(err, syscall.EAGAIN)
}
