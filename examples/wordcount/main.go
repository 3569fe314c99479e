// SPDX-License-Identifier: MIT

// Command wordcount counts the words of text files with the four patterns of mq,
// each for what it is for.
//
//	wordcount [-workers N] [-top K] [-addr SCHEME://...] [-verify] [file or folder ...]
//
// Without arguments it reads the sources of this module, found from the working
// directory upwards; "-" is standard input. Folders are read with all that is in
// them, except binary files and .git. A word is a run of Unicode letters and
// digits, as long as it can be, in lower case. A last line without newline is one
// too.
//
//	           PAIR: start, stop
//	main ─────────────────────────── ventilator
//	 │                                   │ PUSH lines
//	 │                        ┌──────────┼──────────┐
//	 │                     worker     worker     worker      PULL lines, PUSH counts
//	 │                        └──────────┼──────────┘
//	 │       REQ/REP: totals, top        │ PULL counts
//	 └───────────────────────────────── sink
//
//	ventilator and sink tell how far they are on PUB; the progress bar is a SUB.
//
// The parts share nothing: what one knows of another came through a socket, as
// bytes. So they could as well be processes, and -addr could be the network.
//
// How does the sink know that it has everything? The ventilator tells main how
// many messages it has sent, and every one of them is settled by one who had it in
// hand: counted, or reported as not counted. The totals are asked for with that
// number, and answered when it is reached; nobody has to guess or wait a while.
//
// Ctrl-C stops it in the same way and says what was not done, instead of printing
// half a result; a second one kills. The exit code is 0; 1 for an error, also of
// -verify; 2 for wrong arguments; and 130 after Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	// To count over tcp:// and ipc://, also: import _ "github.com/seedmq/mq/net"
)

// config is what the command line says.
type config struct {
	workers  int // 1 to maxWorkers
	top      int // >= 0
	verify   bool
	paths    []string // none: the sources of this module
	addrs    addresses
	terminal bool // stderr is one that a bar can be drawn on
}

const maxWorkers = 10_000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from then on, Ctrl-C does what it does by default
	code := command(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command is main with everything given. It returns the exit code.
func command(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "wordcount: %v\nwordcount -h explains.\n", err)
		return 2
	}
	c.terminal = isTerminal(stderr)
	err = run(ctx, c, stdin, stdout, stderr)
	if errors.Is(err, errInterrupted) {
		return 130 // 128 + SIGINT, as shells count
	}
	if err != nil {
		fmt.Fprintln(stderr, "wordcount:", err)
		return 1
	}
	return 0
}

// parse reads the command line. Help goes to stdout.
func parse(args []string, stdout io.Writer) (c config, err error) {
	flags := flag.NewFlagSet("wordcount", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // who calls prints the error, in one line
	flags.IntVar(&c.workers, "workers", runtime.GOMAXPROCS(0), "`number` of workers that count")
	flags.IntVar(&c.top, "top", 10, "`number` of words to show")
	flags.BoolVar(&c.verify, "verify", false, "count again without mq, and fail if a word differs")
	base := flags.String("addr", "inproc://wordcount", "`address` that those of all sockets are made from")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stdout, "usage: wordcount [flags] [file or folder ...]    (- is standard input)")
			flags.SetOutput(stdout)
			flags.PrintDefaults()
		}
		return c, err
	}
	c.paths = flags.Args()
	if c.workers < 1 || c.workers > maxWorkers {
		return c, fmt.Errorf("-workers %d: want 1 to %d", c.workers, maxWorkers)
	}
	if c.top < 0 {
		return c, fmt.Errorf("-top %d: want 0 or more", c.top)
	}
	c.addrs, err = derive(*base)
	return c, err
}

// isTerminal reports whether a bar can be drawn on w.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
