// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/examples/internal/programs"
)

// wordcount starts the command in a process of its own.
func wordcount(t *testing.T, args ...string) *programs.Program {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return programs.StartCmd(t, cmd)
}

// workersAddr waits until main tells where workers can come to.
func workersAddr(main *programs.Program) string {
	_, addr, _ := strings.Cut(main.AwaitLine("more workers: "), " -addr ")
	return addr
}

// sixPorts finds an address with six free ports. Where systems choose ports, others
// choose too, so it looks below; and above those that the tests of package mqnet use.
func sixPorts(t *testing.T) string {
	t.Helper()
	for first := 32_000; first+6 <= 32_768; first += 6 {
		free := true
		for i := range 6 {
			ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+i))
			if free = err == nil; !free {
				break
			}
			require.NoError(t, ln.Close())
		}
		if free {
			return fmt.Sprintf("tcp://127.0.0.1:%d", first)
		}
	}
	t.Fatal("no free ports")
	return ""
}

const manyBatches = 300

// plantBig makes a text of manyBatches messages.
func plantBig(t *testing.T) string {
	return plant(t, map[string]string{"big.txt": strings.Repeat("some words in a line\n", manyBatches*batchLines)})
}

func requireBigCounted(t *testing.T, main *programs.Program) {
	t.Helper()
	require.Zero(t, main.Wait())
	require.Contains(t, main.Output(), "verified: 5 distinct words, 96000 words, identical")
}

func TestWorkersInProcessesOfTheirOwn(t *testing.T) {
	for _, scheme := range []string{"tcp", "ipc"} {
		t.Run(scheme+"/main first", func(t *testing.T) {
			main := wordcount(t, "-workers", "0", "-verify", "-addr", base(t, scheme), plantBig(t))
			worker := wordcount(t, "-role", "worker", "-once", "-workers", "2", "-addr", workersAddr(main))
			requireBigCounted(t, main)
			worker.AwaitLine("wordcount: counted")
		})
		t.Run(scheme+"/worker first", func(t *testing.T) {
			addr := base(t, scheme)
			if scheme == "tcp" {
				addr = sixPorts(t)
			}
			worker := wordcount(t, "-role", "worker", "-workers", "1", "-addr", addr)
			worker.AwaitLine("1 worker for")
			for range 2 { // it stays for the next main
				requireBigCounted(t, wordcount(t, "-workers", "0", "-verify", "-addr", addr, plantBig(t)))
			}
			worker.Interrupt()
			require.Zero(t, worker.Wait())
			require.Contains(t, worker.Output(), "counted 600 messages with 38400 lines, 806.4 kB; took and left nothing")
		})
	}
}

func TestWorkersHereAndElsewhere(t *testing.T) {
	main := wordcount(t, "-workers", "2", "-verify", "-addr", "ipc://*", plantBig(t))
	wordcount(t, "-role", "worker", "-addr", workersAddr(main))
	requireBigCounted(t, main)
}

// thief takes one message of lines, at least, and never counts it.
func thief(t *testing.T, addr string) mq.Socket {
	t.Helper()
	lines, _, _ := strings.Cut(addr, ",")
	pull := mq.NewPull(mq.WithRecvHWM(1))
	t.Cleanup(func() { pull.Close() })
	require.NoError(t, pull.Connect(lines))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := pull.Recv(ctx)
	require.NoError(t, err)
	return pull
}

func TestMainSaysWhatALostWorkerHad(t *testing.T) {
	main := wordcount(t, "-workers", "0", "-wait", "1s", "-addr", base(t, "tcp"), plantBig(t))
	addr := workersAddr(main)
	thief(t, addr).Close()
	wordcount(t, "-role", "worker", "-addr", addr)
	require.Equal(t, 1, main.Wait())
	main.AwaitLine("not everything was counted")
	main.AwaitLine("  lost: ")
	require.NotContains(t, main.Output(), "top ", "no half result")
}

func TestKilledWorkerDoesNotHangMain(t *testing.T) {
	stdin, typist, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0], "-workers", "0", "-wait", "1s", "-addr", "tcp://127.0.0.1:0", "-")
	cmd.Env, cmd.Stdin = append(os.Environ(), asCommand+"=1"), stdin
	main := programs.StartCmd(t, cmd)
	require.NoError(t, stdin.Close())
	addr := workersAddr(main)
	main.AwaitLine(waitingState)
	worker := wordcount(t, "-role", "worker", "-workers", "1", "-addr", addr)

	killed, typed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(typed)
		defer typist.Close()
		for {
			select {
			case <-killed:
				return
			default:
				io.WriteString(typist, strings.Repeat("some words in a line\n", batchLines))
			}
		}
	}()
	main.AwaitLine("reading")
	worker.Kill()
	wordcount(t, "-role", "worker", "-workers", "1", "-addr", addr)
	close(killed)
	<-typed
	if main.Wait() != 0 { // it had something in hand
		main.AwaitLine("  lost: ")
	}
}

func TestCtrlCEndsTheWaitForAHungWorker(t *testing.T) {
	main := wordcount(t, "-workers", "0", "-wait", "24h", "-addr", base(t, "ipc"), plantBig(t))
	thief(t, workersAddr(main)) // and stays
	main.Interrupt()
	require.Equal(t, 130, main.Wait())
	require.Contains(t, main.Output(), "interrupted\n  counted:     nothing\n")
	require.Contains(t, main.Output(), "  lost:        ")
}

func TestCtrlCEndsTheWaitForWorkers(t *testing.T) {
	main := wordcount(t, "-workers", "0", "-addr", base(t, "ipc"), plantBig(t))
	workersAddr(main)
	main.AwaitLine(waitingState)
	main.Interrupt()
	require.Equal(t, 130, main.Wait())
	require.Contains(t, main.Output(), "  counted:     nothing\n  not counted: nothing\n  not sent:    403.2 kB of 1 file, from ")
}

func TestStoppedWorkerGivesBackWhatItHad(t *testing.T) {
	at := over(t, "ipc")
	push, pull := mq.NewPush(), mq.NewPull()
	defer push.Close()
	defer pull.Close()
	require.NoError(t, bind(place{push, at.lines}, place{pull, at.counts}))

	w := newWorker(newSockets(), 1)
	require.NoError(t, w.lines.Connect(at.lines))
	for n := range 10 {
		require.NoError(t, push.Send(t.Context(), lineMessage(7, int64(n), []byte("a\n"), 1)))
	}
	arrived := func() bool { return w.lines.Stats().Pending > 0 && w.lines.Stats().Pending == push.Stats().InFlight }
	require.Eventually(t, arrived, time.Minute, time.Millisecond)

	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	require.NoError(t, w.runRemote(t.Context(), interrupted, interrupted, at))
	require.Zero(t, w.undone)
	back := func() bool { return push.Stats().Queued == 10 && push.Stats().InFlight == 0 }
	require.Eventually(t, back, time.Minute, time.Millisecond)
	other := newWorker(newSockets(), 2)
	require.NoError(t, other.lines.Connect(at.lines))
	for range 10 {
		m, err := other.lines.Recv(t.Context())
		require.NoError(t, err)
		require.False(t, m.Redelivered())
	}
	require.NoError(t, other.lines.Close())
	require.NoError(t, other.counts.Close())
}
