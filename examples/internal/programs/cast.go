// SPDX-License-Identifier: MIT

package programs

import (
	"path/filepath"
	"testing"
)

// Cast says who plays the parts of an example: the program in Go, or the one in Python.
type Cast struct {
	Name   string
	python map[string]bool
}

// Casts returns all casts of some parts, but the one that is all Python.
func Casts(parts ...string) (all []Cast) {
	for bits := range 1<<len(parts) - 1 {
		c := Cast{python: make(map[string]bool)}
		for i, part := range parts {
			language := "Go"
			if c.python[part] = bits&(1<<i) != 0; c.python[part] {
				language = "Python"
			}
			c.Name += "-" + language
		}
		c.Name = c.Name[1:]
		all = append(all, c)
	}
	return all
}

// Start starts who plays a part: the program of that name in dir, or its twin with .py
// in the folder of the test.
func (c Cast) Start(t testing.TB, dir, part string, args ...string) *Program {
	t.Helper()
	if c.python[part] {
		return Start(t, Python(t), append([]string{part + ".py"}, args...)...)
	}
	return Start(t, filepath.Join(dir, part), args...)
}
