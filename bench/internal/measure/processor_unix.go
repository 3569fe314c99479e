// SPDX-License-Identifier: MIT

//go:build unix

package measure

import (
	"syscall"
	"time"
)

// processorTime is what the process has used so far.
func processorTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
