// SPDX-License-Identifier: MIT

//go:build !unix

package measure

import (
	"time"

	"github.com/seedmq/mq/bench/internal/peer"
)

func processorTime() (time.Duration, error) {
	return 0, peer.Cannot("the processor time of a process cannot be had on this system here")
}
