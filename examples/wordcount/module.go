// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const module = "github.com/seedmq/mq"

// moduleRoot looks for the folder with this module's go.mod from dir upwards, and
// returns it as seen from dir.
func moduleRoot(dir string) (string, error) {
	from, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := from; ; at = filepath.Dir(at) {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		switch {
		case err == nil && moduleOf(string(text)) == module:
			return filepath.Rel(from, at)
		case at == filepath.Dir(at):
			return "", fmt.Errorf("no go.mod of %s in %s or above it: "+
				"run this inside a clone of it, or name what to read (files, folders, or - for standard input)", module, from)
		}
	}
}

// moduleOf returns the path of the module that the text of a go.mod is of.
func moduleOf(text string) string {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "//")
		if words := strings.Fields(line); len(words) == 2 && words[0] == "module" {
			return strings.Trim(words[1], "\"`")
		}
	}
	return ""
}
