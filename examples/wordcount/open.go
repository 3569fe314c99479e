// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"
	"os"
)

// open opens a source for reading. Reads of standard input end with ctx.
func (in *input) open(ctx context.Context, s source) (io.ReadCloser, error) {
	if !s.isStdin() {
		return os.Open(s.path)
	}
	r := interruptible(ctx, in.stdin)
	if in.copy == nil {
		return r, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r, in.copy), r}, nil
}

// interruptible reads r in a goroutine, because a terminal or a pipe can keep a
// Read waiting for ever. If r is waiting when ctx ends, closing it is the best
// that can be done: a terminal goes on waiting even then, until the process ends.
func interruptible(ctx context.Context, r io.Reader) io.ReadCloser {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() {
		in.CloseWithError(ctx.Err())
		if c, ok := r.(io.Closer); ok {
			c.Close()
		}
	})
	return out
}
