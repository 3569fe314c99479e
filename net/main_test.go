// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // most of what is tested here is waiting
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
