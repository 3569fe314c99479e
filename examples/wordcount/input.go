// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// input is what there is to read.
type input struct {
	sources []source
	bytes   int64 // of all files; what comes from standard input nobody knows
	binary  int   // files passed over
	stdin   io.Reader
	copy    io.Writer // gets what is read from stdin, unless it is nil
}

// source is one file, as it was before work began.
type source struct {
	path     string // "-" is standard input
	size     int64
	modified time.Time
}

func (s source) isStdin() bool { return s.path == "-" }

func (s source) String() string {
	if s.isStdin() {
		return "standard input"
	}
	return s.path
}

// list finds all sources, and tries to open each, so that whatever is wrong with
// one is known before work begins.
func list(ctx context.Context, paths []string, stdin io.Reader) (*input, error) {
	in := &input{stdin: stdin}
	if len(paths) == 0 {
		root, err := moduleRoot(".")
		if err != nil {
			return nil, err
		}
		return in, in.addFolder(ctx, root, func(name string) bool { return name == ".git" || name == "vendor" })
	}
	for _, path := range paths {
		if err := in.add(ctx, path); err != nil {
			return nil, err
		}
	}
	return in, ctx.Err()
}

// add adds what an argument names.
func (in *input) add(ctx context.Context, path string) error {
	if s := (source{path: path}); s.isStdin() {
		if in.hasStdin() {
			return errors.New("standard input (-) can be read only once")
		}
		in.sources = append(in.sources, s)
		return nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(path, "-") {
		return fmt.Errorf("%w (flags stand before files)", err)
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		return in.addFolder(ctx, path, func(name string) bool { return name == ".git" })
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is neither a file nor a folder; to read a pipe: cat %[1]s | wordcount -", path)
	}
	if _, err := isBinary(path); err != nil {
		return err
	}
	in.addFile(path, info) // who names a binary file means it
	return nil
}

func (in *input) hasStdin() bool { return slices.ContainsFunc(in.sources, source.isStdin) }

// knownBytes is how much there is to read in all; 0 if that is not known.
func (in *input) knownBytes() int64 {
	if in.hasStdin() {
		return 0
	}
	return in.bytes
}

func (in *input) String() string {
	s := plural(int64(len(in.sources)), "file")
	if all := in.knownBytes(); all > 0 {
		s += " (" + size(all) + ")"
	}
	return s
}

// addFolder adds the text files under root, but passes over the names to skip.
func (in *input) addFolder(ctx context.Context, root string, skip func(name string) bool) error {
	root, err := filepath.EvalSymlinks(root) // WalkDir does not follow one, not even here
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case err != nil:
			return err
		case path != root && skip(entry.Name()) && entry.IsDir():
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		return in.addText(path, entry)
	})
}

// addText adds a file of a folder, if it is text.
func (in *input) addText(path string, entry fs.DirEntry) error {
	binary, err := isBinary(path)
	if err != nil {
		return err
	}
	if binary {
		in.binary++
		return nil
	}
	info, err := entry.Info()
	if err == nil {
		in.addFile(path, info)
	}
	return err
}

func (in *input) addFile(path string, info fs.FileInfo) {
	in.sources = append(in.sources, source{path, info.Size(), info.ModTime()})
	in.bytes += info.Size()
}

// isBinary reports whether a file has a zero byte near its beginning, which is
// how git and grep tell.
func isBinary(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	head := make([]byte, 8000)
	n, err := io.ReadFull(file, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return bytes.IndexByte(head[:n], 0) >= 0, err
}
