// SPDX-License-Identifier: MIT

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDerive(t *testing.T) {
	for base, want := range map[string]addresses{
		"inproc://name": {
			"inproc://name.control", "inproc://name.lines", "inproc://name.reading",
			"inproc://name.counts", "inproc://name.results", "inproc://name.counting",
		},
		"ipc:///tmp/wc": {
			"ipc:///tmp/wc.control", "ipc:///tmp/wc.lines", "ipc:///tmp/wc.reading",
			"ipc:///tmp/wc.counts", "ipc:///tmp/wc.results", "ipc:///tmp/wc.counting",
		},
		"tcp://127.0.0.1:5555": {
			"tcp://127.0.0.1:5555", "tcp://127.0.0.1:5556", "tcp://127.0.0.1:5557",
			"tcp://127.0.0.1:5558", "tcp://127.0.0.1:5559", "tcp://127.0.0.1:5560",
		},
		"tcp://[::1]:65530": {
			"tcp://[::1]:65530", "tcp://[::1]:65531", "tcp://[::1]:65532",
			"tcp://[::1]:65533", "tcp://[::1]:65534", "tcp://[::1]:65535",
		},
		"ipc://*": {"ipc://*", "ipc://*", "ipc://*", "ipc://*", "ipc://*", "ipc://*"},
		"tcp://*:*": {
			"tcp://*:0", "tcp://*:0", "tcp://*:0",
			"tcp://*:0", "tcp://*:0", "tcp://*:0",
		},
		"tcp://localhost:0": {
			"tcp://localhost:0", "tcp://localhost:0", "tcp://localhost:0",
			"tcp://localhost:0", "tcp://localhost:0", "tcp://localhost:0",
		},
	} {
		got, err := derive(base)
		require.NoError(t, err, base)
		require.Equal(t, want, got, base)
	}
}

func TestDeriveRefuses(t *testing.T) {
	for _, base := range []string{
		"", "name", "://name", "inproc://", "tcp:/x", "tcp://host", "tcp://host:", "tcp://host:http",
		"tcp://host:-1", "tcp://host:65531", "tcp://host:99999999999999999999", "tcp://::1:5555",
	} {
		_, err := derive(base)
		require.ErrorContains(t, err, "want ", base)
	}
}

func TestWorkersCanBeToldTwoAddresses(t *testing.T) {
	a, err := deriveForWorker("tcp://host:5555")
	require.NoError(t, err)
	require.Equal(t, "tcp://host:5556", a.lines)
	require.Equal(t, "tcp://host:5558", a.counts)

	a, err = deriveForWorker("tcp://host:1,ipc:///tmp/x")
	require.NoError(t, err)
	require.Equal(t, addresses{lines: "tcp://host:1", counts: "ipc:///tmp/x"}, a)
}
