// SPDX-License-Identifier: MIT

// Package pyzmq lets tests talk to real ZeroMQ: to the sockets of libzmq, played
// by a Python program in a process of its own.
//
//	pyzmq.Require(t)
//	peer := pyzmq.Start(t).Socket("PULL", pyzmq.Options{"RCVHWM": 10})
//	addr, err := peer.Bind("tcp://127.0.0.1:*")
//	...
//	parts, err := peer.Recv(time.Second)
//
// It needs a Python that knows the module zmq, as Debian's package python3-zmq
// brings it.
package pyzmq

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Require skips the test where no Python with the module zmq is found. If the
// environment variable MQ_REQUIRE_LIBZMQ is set, the test fails instead.
func Require(t testing.TB) {
	t.Helper()
	const missing = "NOT TESTED AGAINST LIBZMQ: there is no Python with the module zmq here. " +
		"Install python3-zmq (apt-get install python3-zmq, or pip install pyzmq)."
	switch {
	case interpreter() != "":
	case os.Getenv("MQ_REQUIRE_LIBZMQ") != "":
		t.Fatal(missing, " MQ_REQUIRE_LIBZMQ makes this a failure.")
	default:
		t.Skip(missing, " MQ_REQUIRE_LIBZMQ=1 would make this a failure.")
	}
}

// interpreter is the Python to run, "" if there is none. The system's own comes
// first: another one in PATH rarely sees what the system's packages install.
var interpreter = sync.OnceValue(func() string {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		err = exec.CommandContext(ctx, path, "-c", "import zmq").Run()
		cancel()
		if err == nil {
			return path
		}
	}
	return ""
})
