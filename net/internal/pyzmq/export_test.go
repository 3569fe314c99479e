// SPDX-License-Identifier: MIT

package pyzmq

import "testing"

// SetInterpreter replaces what is found, until the test ends.
func SetInterpreter(t testing.TB, path string) {
	found := interpreter
	interpreter = func() string { return path }
	t.Cleanup(func() { interpreter = found })
}
