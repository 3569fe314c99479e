// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// plant makes files in a folder of their own, which it returns.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	return root
}

// names lists what is in an input, seen from root.
func names(t *testing.T, in *input, root string) (all []string) {
	t.Helper()
	for _, s := range in.sources {
		path, err := filepath.Rel(root, s.path)
		require.NoError(t, err)
		all = append(all, filepath.ToSlash(path))
	}
	return all
}

const ourModule = "// a comment\nmodule github.com/seedmq/mq // another\n\ngo 1.26\n"

func TestNoArgumentsReadTheModule(t *testing.T) {
	root := plant(t, map[string]string{
		"go.mod":              ourModule,
		"a.go":                "package a",
		".git/HEAD":           "ref",
		"vendor/x/x.go":       "package x",
		"deep/b.go":           "package b",
		"deep/vendor/y.go":    "package y",
		"deep/picture.png":    "PNG\x00",
		"bench/go.mod":        "module \"github.com/seedmq/mq/bench\"\n",
		"bench/deep/bench.go": "package bench",
	})
	for _, dir := range []string{".", "deep", "bench/deep"} {
		t.Chdir(filepath.Join(root, dir))
		in, err := list(t.Context(), nil, nil)
		require.NoError(t, err)
		here, err := os.Getwd()
		require.NoError(t, err)
		for i, s := range in.sources {
			in.sources[i].path = filepath.Join(here, s.path)
		}
		require.Equal(t, []string{"a.go", "bench/deep/bench.go", "bench/go.mod", "deep/b.go", "go.mod"}, names(t, in, root))
		require.Equal(t, 1, in.binary)
	}
}

func TestNoModuleGivesAdvice(t *testing.T) {
	root := plant(t, map[string]string{"go.mod": "module example.com/other\n", "deep/go.mod": "modules are great\n"})
	t.Chdir(filepath.Join(root, "deep"))
	code, stdout, stderr := invoke(t, "")
	require.Equal(t, 1, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "no go.mod of github.com/seedmq/mq in "+filepath.Join(root, "deep")+" or above it")
	require.Contains(t, stderr, "or name what to read")
}

func TestFoldersAreReadToTheBottom(t *testing.T) {
	root := plant(t, map[string]string{
		"one.txt":         "1",
		"a/b/c/two.txt":   "22",
		"a/.hidden":       "333",
		"a/vendor/v.txt":  "4444", // nobody's business but the default's
		"a/.git/HEAD":     "ref",
		"a/b/program":     "\x7fELF\x00",
		"a/b/program.old": "\x7fELF\x00",
	})
	require.NoError(t, os.Symlink("one.txt", filepath.Join(root, "link.txt")))
	in, err := list(t.Context(), []string{root}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"a/.hidden", "a/b/c/two.txt", "a/vendor/v.txt", "one.txt"}, names(t, in, root))
	require.Equal(t, 2, in.binary)
	require.EqualValues(t, 10, in.knownBytes())
}

func TestNamedFilesAreReadAsTheyAre(t *testing.T) {
	root := plant(t, map[string]string{"folder/program": "\x7fELF\x00", "folder/.git/HEAD": "ref"})
	link := filepath.Join(root, "link")
	require.NoError(t, os.Symlink("folder", link))
	program, head := filepath.Join(root, "folder", "program"), filepath.Join(root, "folder", ".git")
	in, err := list(t.Context(), []string{program, head, link, program, "-"}, nil)
	require.NoError(t, err)
	require.Len(t, in.sources, 4, "the program twice, HEAD, and standard input; the link has a binary file")
	require.Equal(t, 1, in.binary)
	require.Zero(t, in.knownBytes())
}

func TestUnreadableFilesAreNamedBeforeWorkBegins(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read everything")
	}
	root := plant(t, map[string]string{"one.txt": "1", "secret.txt": "2"})
	secret := filepath.Join(root, "secret.txt")
	require.NoError(t, os.Chmod(secret, 0))
	for _, path := range []string{secret, root} {
		_, err := list(t.Context(), []string{path}, nil)
		require.ErrorIs(t, err, os.ErrPermission)
		require.ErrorContains(t, err, secret)
	}
}
