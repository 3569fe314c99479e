// SPDX-License-Identifier: MIT

package pyzmq

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// grace is how much longer than its own timeout a call may take before it fails:
// the machine may be busy with something else.
const grace = 2 * time.Minute

var (
	// ErrTimeout is what calls fail with whose timeout has passed.
	ErrTimeout = errors.New("pyzmq: timeout")
	// ErrDead is what calls fail with when the process has ended.
	ErrDead = errors.New("pyzmq: the process is dead")
)

//go:embed peer.py
var script string

// Process is a Python process with libzmq in it. Its methods, and those of its
// sockets, may be called by multiple goroutines simultaneously, but for those that
// fail the test: Socket is for the goroutine of the test.
type Process struct {
	t       testing.TB
	cmd     *exec.Cmd
	stderr  bytes.Buffer // to be read when the process is dead
	version string

	requests chan []byte   // lines on their way to the process
	dead     chan struct{} // closed when the process has ended
	err      error         // why; written before dead is closed

	mu      sync.Mutex // protects the fields below
	lastID  int
	waiting map[int]chan answer // by the id of the request; each has room for its answer
	sockets []*Socket           // by their key
}

// answer is a line from the process: the answer to a request, or an event.
type answer struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *string         `json:"error"`
	Kind   string          `json:"kind"` // the Python class of the error

	Event *Event `json:"event"`
	Sock  int    `json:"sock"`
}

// request is a line to the process.
type request struct {
	ID   int    `json:"id"`
	Op   string `json:"op"`
	Sock int    `json:"sock"`
	Args any    `json:"args"`
}

// Start starts a process, which is killed when the test ends.
func Start(t testing.TB) *Process {
	t.Helper()
	Require(t)
	p := &Process{
		t:        t,
		cmd:      exec.Command(interpreter(), "-c", script),
		requests: make(chan []byte),
		dead:     make(chan struct{}),
	}
	hello := make(chan answer, 1)
	p.waiting = map[int]chan answer{0: hello}
	p.cmd.Stderr = &p.stderr
	stdin, err := p.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())

	var wg sync.WaitGroup
	wg.Go(func() { p.write(stdin) })
	wg.Go(func() { p.read(stdout) })
	t.Cleanup(func() {
		p.Kill()
		wg.Wait()
		if p.stderr.Len() > 0 {
			t.Logf("pyzmq: the process wrote:\n%s", p.stderr.Bytes())
		}
	})
	require.NoError(t, p.await("start", hello, grace, &p.version))
	return p
}

// Version is that of libzmq, such as "4.3.4".
func (p *Process) Version() string { return p.version }

// Kill ends the process as SIGKILL does: its peers see the end of their
// connections, and whatever it had queued is lost. It returns when the process is
// dead. Calls under way fail, and so do all later ones.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.dead
}

// write passes the requests on.
func (p *Process) write(stdin io.Writer) {
	for {
		select {
		case line := <-p.requests:
			_, _ = stdin.Write(line) // if it fails, the process is about to be dead
		case <-p.dead:
			return
		}
	}
}

// read passes the answers on until the process ends.
func (p *Process) read(stdout io.Reader) {
	lines := json.NewDecoder(stdout)
	for {
		var a answer
		if err := lines.Decode(&a); err != nil {
			_ = p.cmd.Process.Kill() // if it still lives, it writes nonsense
			p.err = fmt.Errorf("%w: %w, %v", ErrDead, err, p.cmd.Wait())
			close(p.dead)
			return
		}
		p.mu.Lock()
		waiting := p.waiting[a.ID]
		delete(p.waiting, a.ID)
		var sock *Socket
		if a.Event != nil {
			sock = p.sockets[a.Sock]
		}
		p.mu.Unlock()
		if sock != nil {
			sock.happened(*a.Event)
		} else if waiting != nil {
			waiting <- a
		}
	}
}

// call has the process do something and puts the answer into result, unless that
// is nil. It takes at most timeout and some grace.
func (p *Process) call(op string, sock int, args any, timeout time.Duration, result any) error {
	waiting := make(chan answer, 1)
	p.mu.Lock()
	p.lastID++
	id := p.lastID
	p.waiting[id] = waiting
	p.mu.Unlock()
	line, err := json.Marshal(request{id, op, sock, args})
	if err != nil {
		return fmt.Errorf("pyzmq: %s: %w", op, err)
	}
	timer := time.NewTimer(timeout + grace)
	defer timer.Stop()
	select {
	case p.requests <- append(line, '\n'):
		return p.await(op, waiting, timeout+grace, result)
	case <-p.dead:
		return p.err
	case <-timer.C:
		return fmt.Errorf("pyzmq: %s: the process takes no requests", op)
	}
}

func (p *Process) await(op string, waiting <-chan answer, timeout time.Duration, result any) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case a := <-waiting:
		return a.unpack(op, result)
	case <-p.dead:
		select {
		case a := <-waiting: // its last words
			return a.unpack(op, result)
		default:
			return p.err
		}
	case <-timer.C:
		return fmt.Errorf("pyzmq: %s: no answer from the process", op)
	}
}

func (a answer) unpack(op string, result any) error {
	switch {
	case a.Error != nil && a.Kind == "Again":
		return fmt.Errorf("%w: %s: %s", ErrTimeout, op, *a.Error)
	case a.Error != nil:
		return fmt.Errorf("pyzmq: %s: %s: %s", op, a.Kind, *a.Error)
	case result == nil:
		return nil
	}
	return json.Unmarshal(a.Result, result)
}
