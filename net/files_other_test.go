// SPDX-License-Identifier: MIT

//go:build !unix

package mqnet_test

import "testing"

// openFiles is how many files this process may have open, as far as is known.
func openFiles(*testing.T) int { return 4000 }
