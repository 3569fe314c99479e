// SPDX-License-Identifier: MIT

package peer

import (
	"os"
	"path/filepath"
)

// wireAddr returns where a rig listens whose work goes over a network: at any free
// port of this machine, or at a path in a directory of its own, which remove takes
// away.
func wireAddr(over string) (addr string, remove func(), err error) {
	if over == "tcp" {
		return "tcp://127.0.0.1:0", func() {}, nil
	}
	dir, err := os.MkdirTemp("", "bench")
	return over + "://" + filepath.Join(dir, "socket"), func() { os.RemoveAll(dir) }, err
}
