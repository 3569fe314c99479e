// SPDX-License-Identifier: MIT

package mq_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/seedmq/mq/internal/mqtest"
)

// The promises of the patterns, over inproc.
func TestLaws(t *testing.T) {
	var n atomic.Int64
	mqtest.Run(t, mqtest.Scheme{
		Name:   "inproc",
		Addr:   func(testing.TB) string { return fmt.Sprintf("inproc://law-%d", n.Add(1)) },
		Inproc: true,
	})
}
