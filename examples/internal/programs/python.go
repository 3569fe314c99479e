// SPDX-License-Identifier: MIT

package programs

import (
	"os"
	"os/exec"
	"sync"
	"testing"
)

// Python returns the interpreter for programs that use libzmq. Where there is none, the
// test is skipped; if the environment variable MQ_REQUIRE_LIBZMQ is set, it fails.
func Python(t testing.TB) string {
	t.Helper()
	const missing = "NOT TESTED AGAINST LIBZMQ: there is no Python with the module zmq here; install python3-zmq"
	path := interpreter()
	if path == "" && os.Getenv("MQ_REQUIRE_LIBZMQ") != "" {
		t.Fatal(missing)
	}
	if path == "" {
		t.Skip(missing)
	}
	return path
}

// interpreter finds it. The system's own comes first, because others rarely see what
// the system's packages install.
var interpreter = sync.OnceValue(func() string {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.Command(path, "-c", "import zmq").Run() == nil {
			return path
		}
	}
	return ""
})
