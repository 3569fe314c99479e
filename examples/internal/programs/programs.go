// SPDX-License-Identifier: MIT

// Package programs lets tests run the examples as users do: as programs, side by side,
// some of them in Python with libzmq.
package programs

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a program may take for anything, even on a machine that is busy.
const patience = 2 * time.Minute

// Program is a running program. It is killed at the end of the test, at the latest.
type Program struct {
	t    testing.TB
	cmd  *exec.Cmd
	over chan struct{} // closed when it has ended and all its output is in lines

	mu    sync.Mutex    // protects the fields below
	lines []string      // of standard output and standard error
	grown chan struct{} // closed, and replaced, when there is another line
	read  int           // lines that AwaitLine has passed
}

// Start starts a program.
func Start(t testing.TB, name string, args ...string) *Program {
	t.Helper()
	return StartCmd(t, exec.Command(name, args...))
}

// StartCmd is Start for a command with an environment of its own, and the like.
func StartCmd(t testing.TB, cmd *exec.Cmd) *Program {
	t.Helper()
	p := &Program{t: t, cmd: cmd, over: make(chan struct{}), grown: make(chan struct{})}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, in
	err = cmd.Start()
	in.Close()
	if err != nil {
		out.Close()
		t.Fatal(err)
	}
	go p.collect(out)
	t.Cleanup(func() {
		p.Kill()
		<-p.over
		if t.Failed() {
			t.Logf("%s\n%s", strings.Join(cmd.Args, " "), p.Output())
		}
	})
	return p
}

// collect reads what the program writes, until it has ended.
func (p *Program) collect(out io.ReadCloser) {
	defer close(p.over)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, lines.Text())
		close(p.grown)
		p.grown = make(chan struct{})
		p.mu.Unlock()
	}
	out.Close()
	p.cmd.Wait() // how it ended is in ProcessState
}

// AwaitLine waits for a line that contains text, after the one it returned last.
func (p *Program) AwaitLine(text string) string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		line, found, grown := p.next(text)
		if found {
			return line
		}
		select {
		case <-grown:
		case <-p.over:
			if line, found, _ := p.next(text); found {
				return line
			}
			p.t.Fatalf("%s ended without %q", p.cmd.Path, text)
		case <-deadline:
			p.t.Fatalf("%s did not write %q", p.cmd.Path, text)
		}
	}
}

func (p *Program) next(text string) (line string, found bool, grown <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.read < len(p.lines) {
		line = p.lines[p.read]
		p.read++
		if strings.Contains(line, text) {
			return line, true, p.grown
		}
	}
	return "", false, p.grown
}

// AwaitAddr waits for the line with which a program tells where it is bound, and
// returns the address.
func (p *Program) AwaitAddr() string {
	p.t.Helper()
	_, addr, _ := strings.Cut(p.AwaitLine("bound to "), "bound to ")
	return addr
}

// Interrupt is Ctrl-C.
func (p *Program) Interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
}

// Kill is kill -9.
func (p *Program) Kill() { p.cmd.Process.Kill() }

// Wait waits for the end of the program and returns its exit code.
func (p *Program) Wait() (code int) {
	p.t.Helper()
	select {
	case <-p.over:
	case <-time.After(patience):
		p.t.Fatalf("%s did not end", p.cmd.Path)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Output is all that the program has written so far.
func (p *Program) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n") + "\n"
}

// IPC returns an address that nobody else has.
func IPC(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mq") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return "ipc://" + filepath.Join(dir, "socket")
}

// Build compiles commands of this module, given as import paths or folders, and
// returns the folder with the programs.
func Build(t testing.TB, packages ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, packages...)
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return dir
}
