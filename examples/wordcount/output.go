// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
)

// print prints the result: words, totals, rate, and what went through the sockets.
func (o *outcome) print(w io.Writer, in *input, c config, members []member) error {
	var b bytes.Buffer // so that there is one error to look at
	top := o.top[:min(c.top, len(o.top))]
	if len(top) > 0 {
		fmt.Fprintf(&b, "top %d of %d words\n", len(top), o.distinct)
		digits := len(fmt.Sprint(top[0].n))
		for _, word := range top {
			fmt.Fprintf(&b, "  %*d  %s\n", digits, word.n, word.word)
		}
		fmt.Fprintln(&b)
	}

	fmt.Fprintf(&b, "%s, %s, %s, %s, %d distinct\n", plural(int64(len(in.sources)), "file"),
		plural(o.counted.bytes, "byte"), plural(o.counted.lines, "line"), plural(o.words, "word"), o.distinct)
	if in.binary > 0 {
		fmt.Fprintf(&b, "%s skipped\n", plural(int64(in.binary), "binary file"))
	}
	seconds := max(o.elapsed.Seconds(), 1e-9)
	fmt.Fprintf(&b, "%.3f s with %s: %.0f lines/s, %.1f MB/s\n\n", seconds, c.crew(),
		float64(o.counted.lines)/seconds, float64(o.counted.bytes)/1e6/seconds)

	printSockets(&b, members)
	_, err := w.Write(b.Bytes())
	return err
}

// printSockets prints how many messages each socket has seen.
func printSockets(w io.Writer, members []member) {
	fmt.Fprintf(w, "messages (one carries up to %d lines, or their counts)\n", batchLines)
	fmt.Fprintf(w, "%-12s %-6s %10s %10s %10s\n", "part", "socket", "sent", "received", "dropped")
	for _, m := range members {
		s := m.socket.Stats()
		fmt.Fprintf(w, "%-12s %-6s %10d %10d %10d\n", m.role, m.kind, s.Sent, s.Received, s.Dropped)
	}
}

// printUndone tells what was left undone, and returns why: Ctrl-C has ended ctx, or
// remote workers have gone.
func (o *outcome) printUndone(ctx context.Context, w io.Writer, in *input) error {
	why := errIncomplete
	if ctx.Err() != nil {
		why = errInterrupted
	}
	uncounted := o.undone
	uncounted.add(o.returned)
	fmt.Fprintln(w, why)
	fmt.Fprintf(w, "  counted:     %v\n", o.counted)
	fmt.Fprintf(w, "  not counted: %v\n", uncounted)
	if o.lost.messages > 0 {
		fmt.Fprintf(w, "  lost:        %v, sent to workers that did not report\n", o.lost)
	}
	fmt.Fprintf(w, "  not sent:    %s\n", o.unsent(in))
	return why
}

// unsent names what was not read, or not to its end.
func (o *outcome) unsent(in *input) string {
	left := in.sources[len(in.sources)-int(o.filesLeft):]
	stdin := slices.ContainsFunc(left, source.isStdin)
	switch {
	case len(left) == 0:
		return "nothing"
	case stdin && len(left) == 1:
		return "the rest of standard input"
	case stdin:
		return fmt.Sprintf("%s of files and the rest of standard input", size(o.bytesLeft))
	}
	return fmt.Sprintf("%s of %s, from %v on", size(o.bytesLeft), plural(o.filesLeft, "file"), left[0])
}

func (w work) String() string {
	if w == (work{}) {
		return "nothing"
	}
	return fmt.Sprintf("%s with %s, %s", plural(w.messages, "message"), plural(w.lines, "line"), size(w.bytes))
}

func plural(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// size is a number of bytes for people.
func size(bytes int64) string {
	switch {
	case bytes < 1e3:
		return plural(bytes, "byte")
	case bytes < 1e6:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
