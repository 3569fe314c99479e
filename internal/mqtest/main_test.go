// SPDX-License-Identifier: MIT

package mqtest

import (
	"testing"

	"go.uber.org/goleak"
)

// js/wasm always has one goroutine that waits for events.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent"))
}
