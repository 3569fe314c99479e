// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCompareNamesTheWordsThatDiffer(t *testing.T) {
	want := map[string]int64{"same": 3, "less": 5, "missing": 1}
	counted := []count{{"same", 3}, {"less", 4}, {"more", 1}}
	require.EqualError(t, compare(counted, want), `verification failed: 3 words differ
  "less": 4 counted, but there are 5
  "missing": 0 counted, but there are 1
  "more": 1 counted, but there are 0`)
	require.NoError(t, compare([]count{{"less", 5}, {"same", 3}, {"missing", 1}}, want))
	require.NoError(t, compare(nil, nil))

	many := make(map[string]int64)
	for _, word := range strings.Fields("a b c d e f g") {
		many[word] = 1
	}
	err := compare(nil, many)
	require.ErrorContains(t, err, "7 words differ")
	require.ErrorContains(t, err, `"e"`)
	require.NotContains(t, err.Error(), `"f"`)
}

// saboteur changes a file as soon as the result is printed, so just before it is
// verified.
type saboteur struct {
	bytes.Buffer
	sabotage func()
}

func (s *saboteur) Write(p []byte) (int, error) {
	s.sabotage()
	return s.Buffer.Write(p)
}

func TestVerifyFails(t *testing.T) {
	root := plant(t, map[string]string{"a.txt": "the cat and the hat\n", "b.txt": "all is well\n"})
	path := filepath.Join(root, "a.txt")
	info, err := os.Stat(path)
	require.NoError(t, err)
	rewrite := func() { require.NoError(t, os.WriteFile(path, []byte("the cat and thy hat\n"), 0o666)) }

	t.Run("if a word differs", func(t *testing.T) {
		stdout := &saboteur{sabotage: func() {
			rewrite()
			require.NoError(t, os.Chtimes(path, info.ModTime(), info.ModTime())) // unseen
		}}
		var stderr bytes.Buffer
		require.Equal(t, 1, command(t.Context(), []string{"-verify", root}, nil, stdout, &stderr))
		require.NotContains(t, stdout.String(), "verified")
		require.Contains(t, stderr.String(), `verification failed: 2 words differ
  "the": 2 counted, but there are 1
  "thy": 0 counted, but there are 1`)
	})
	t.Run("if a file was changed meanwhile", func(t *testing.T) {
		stdout := &saboteur{sabotage: func() {
			later := info.ModTime().Add(time.Hour) // and of the same size
			require.NoError(t, os.Chtimes(path, later, later))
		}}
		var stderr bytes.Buffer
		require.Equal(t, 1, command(t.Context(), []string{"-verify", root}, nil, stdout, &stderr))
		require.Contains(t, stderr.String(), "cannot verify: "+path+" was changed meanwhile")
	})
}
