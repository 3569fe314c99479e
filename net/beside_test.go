// SPDX-License-Identifier: MIT

//go:build unix

package mqnet_test

import (
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const besideVariable = "MQ_BESIDE_CHILD"

// A round trip beside a stream does not wait until that has used up its window, which
// are thousands of messages, not even with one processor.
func TestBesideStream(t *testing.T) {
	if os.Getenv(besideVariable) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestBesideStream$", "-test.v")
		child.Env = append(os.Environ(), besideVariable+"=yes", "GOMAXPROCS=1")
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Logf("%s", out)
		return
	}
	ask, streamed := startBeside(t, 1, mqStream, mqTrip)
	const many = 500
	meanwhile := make([]int64, many)
	for range 20 { // until the window is large and the round trips are known, and while the machine is busy
		for i := range meanwhile {
			before := streamed.Load()
			require.NoError(t, ask())
			meanwhile[i] = streamed.Load() - before
		}
		slices.Sort(meanwhile)
		t.Logf("messages of the stream during a round trip: %d, one in ten %d, most %d",
			meanwhile[many/2], meanwhile[many*9/10], meanwhile[many-1])
		if n := meanwhile[many/2]; n > 0 && n < 800 && streamed.Load() > 100_000 {
			return
		}
	}
	require.Fail(t, "round trips wait for the stream")
}
