// SPDX-License-Identifier: MIT

// Command wordcount counts the words of text files with the four patterns of mq,
// each for what it is for.
//
//	wordcount [-workers N] [-top K] [-addr SCHEME://...] [-verify] [file or folder ...]
//	wordcount -role worker [-workers N] [-once] -addr SCHEME://...
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
// bytes. So -addr can be the network as well, and workers can be processes of their
// own, on other machines too, started before or after the others:
//
//	wordcount -addr tcp://*:5555 -workers 0 -verify
//	wordcount -addr tcp://thathost:5555 -role worker
//
// tcp://host:5555 stands for six ports from 5555 on, ipc:///tmp/wc for six paths that
// begin so; for tcp://host:0 and ipc://*, where only Bind knows, the addresses for
// workers are told on stderr. Worker processes count for whoever comes, until Ctrl-C,
// or with -once for the first main only.
//
// How does the sink know that it has everything? The ventilator tells main how
// many messages it has sent, and every one of them is settled by one who had it in
// hand: counted, or reported as not counted. The totals are asked for with that
// number, and answered when it is reached; nobody has to guess or wait a while.
//
// Except that a remote worker that is killed, or stopped in the middle of a run, takes
// with it what was on its way to it. Then the number is not reached; when nothing has
// come for the time of -wait, main gives up and says how much is lost.
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
	"time"

	_ "github.com/seedmq/mq/net" // for -addr tcp://... and ipc://...
)

// config is what the command line says.
type config struct {
	worker   bool // be nothing but workers
	once     bool // for one main only
	workers  int  // 0 to maxWorkers; 0 only if others can come
	top      int  // >= 0
	verify   bool
	paths    []string // none: the sources of this module
	addrs    addresses
	wait     time.Duration // for remote workers, > 0
	terminal bool          // stderr is one that a bar can be drawn on
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
	if c.worker {
		err = runWorkers(ctx, c, stderr)
	} else {
		err = run(ctx, c, stdin, stdout, stderr)
	}
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
	role := flags.String("role", "main", "`part` to be: main, or worker for one elsewhere")
	flags.BoolVar(&c.once, "once", false, "as a worker, end with the first main that comes")
	flags.DurationVar(&c.wait, "wait", 10*time.Second, "`time` without news after which remote workers are given up")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stdout, "usage: wordcount [flags] [file or folder ...]    (- is standard input)")
			flags.SetOutput(stdout)
			flags.PrintDefaults()
		}
		return c, err
	}
	c.paths = flags.Args()
	c.worker = *role == "worker"
	if !c.worker && *role != "main" {
		return c, fmt.Errorf("-role %q: want main or worker", *role)
	}
	if c.addrs, err = addressesOf(*base, c.worker); err != nil {
		return c, err
	}
	return c, c.check()
}

func addressesOf(base string, worker bool) (addresses, error) {
	if worker {
		return deriveForWorker(base)
	}
	return derive(base)
}

// check reports what cannot be right.
func (c *config) check() error {
	fewest := 1
	if c.addrs.remote() && !c.worker {
		fewest = 0
	}
	switch {
	case c.workers < fewest || c.workers > maxWorkers:
		return fmt.Errorf("-workers %d: want %d to %d", c.workers, fewest, maxWorkers)
	case c.top < 0:
		return fmt.Errorf("-top %d: want 0 or more", c.top)
	case c.wait <= 0:
		return fmt.Errorf("-wait %v: want more than 0", c.wait)
	case c.worker && !c.addrs.remote():
		return errors.New("-role worker: want the -addr of a main in another process, on tcp:// or ipc://")
	case c.worker && len(c.paths) > 0:
		return fmt.Errorf("-role worker: it is main that reads %s", c.paths[0])
	case c.once && !c.worker:
		return errors.New("-once: want -role worker with it")
	}
	return nil
}

// crew tells who counts.
func (c *config) crew() string {
	if c.workers == 0 {
		return "workers elsewhere"
	}
	return plural(int64(c.workers), "worker")
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
