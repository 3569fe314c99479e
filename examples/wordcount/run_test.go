// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/examples/internal/programs"
)

// at are addresses for a run. Runs do not meet: each has a runtime of its own.
func at(t *testing.T) addresses { return over(t, "inproc") }

// over are addresses of a scheme.
func over(t *testing.T, scheme string) addresses {
	t.Helper()
	a, err := derive(base(t, scheme))
	require.NoError(t, err)
	return a
}

// base is an -addr of a scheme that nobody else has.
func base(t *testing.T, scheme string) string {
	t.Helper()
	switch scheme {
	case "inproc":
		return "inproc://" + t.Name()
	case "tcp":
		return "tcp://127.0.0.1:0"
	}
	return programs.IPC(t)
}

var schemes = []string{"inproc", "tcp", "ipc"}

func TestCountsAreExact(t *testing.T) {
	for i := range 2 * len(schemes) {
		scheme, workers := schemes[i/2], []string{"1", "8"}[i%2]
		t.Run(scheme+"/workers="+workers, func(t *testing.T) {
			code, stdout, stderr := invoke(t, "",
				"-workers", workers, "-top", "4", "-verify", "-addr", base(t, scheme), "testdata/texts")
			require.Zero(t, code, stderr)
			require.True(t, strings.HasPrefix(stdout, `top 4 of 18 words
  5  the
  2  end
  2  füße
  1  42

4 files, 123 bytes, 7 lines, 24 words, 18 distinct
1 binary file skipped
`), stdout)
			require.Contains(t, stdout, "\nverified: 18 distinct words, 24 words, identical\n")
		})
	}
}

func TestStdinIsCounted(t *testing.T) {
	code, stdout, stderr := invoke(t, strings.Repeat("one two\n", 1000)+"two", "-verify", "testdata/texts/cat.txt", "-")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "1001  two\n  1000  one\n     3  the\n")
	require.Contains(t, stdout, "2 files, 8032 bytes, 1003 lines,")
	require.Contains(t, stdout, "verified: 7 distinct words, 2008 words, identical")
}

func TestNothingToCount(t *testing.T) {
	for _, arg := range []string{"testdata/texts/empty.txt", t.TempDir(), "-"} {
		code, stdout, stderr := invoke(t, "", "-verify", arg)
		require.Zero(t, code, stderr)
		require.NotContains(t, stdout, "top")
		require.Contains(t, stdout, " 0 bytes, 0 lines, 0 words, 0 distinct\n")
	}
}

// table reads the table of sockets back: messages sent and received, by part and
// socket.
func table(t *testing.T, stdout string) (sent, received map[string]int) {
	t.Helper()
	_, rows, found := strings.Cut(stdout, "dropped\n")
	require.True(t, found, stdout)
	sent, received = make(map[string]int), make(map[string]int)
	for row := range strings.Lines(rows) {
		words := strings.Fields(row)
		if len(words) < 5 {
			break
		}
		var s, r, dropped int
		_, err := fmt.Sscan(strings.Join(words[len(words)-3:], " "), &s, &r, &dropped)
		require.NoError(t, err)
		key := words[0] + " " + words[len(words)-4]
		sent[key] += s
		received[key] += r
	}
	return sent, received
}

func TestTableShowsThatNoMessageIsLost(t *testing.T) {
	big := plant(t, map[string]string{"big.txt": strings.Repeat("some words in a line\n", 300*batchLines)})
	for _, scheme := range schemes {
		t.Run(scheme, func(t *testing.T) {
			code, stdout, stderr := invoke(t, "", "-workers", "3", "-addr", base(t, scheme), big)
			require.Zero(t, code, stderr)
			sent, received := table(t, stdout)
			require.Equal(t, 300, sent["ventilator PUSH"])
			require.Equal(t, 300, received["worker PULL"])
			require.Equal(t, 300, sent["worker PUSH"])
			require.Equal(t, 300, received["sink PULL"])
			require.Equal(t, sent["main REQ"], received["sink REP"])
			require.Equal(t, sent["sink REP"], received["main REQ"])
			require.Equal(t, sent["main PAIR"], received["ventilator PAIR"])
			require.Equal(t, sent["ventilator PAIR"], received["main PAIR"])
		})
	}
}

func TestProgress(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme, func(t *testing.T) { testProgress(t, scheme) })
	}
}

func testProgress(t *testing.T, scheme string) {
	c := config{workers: 2, top: 1, paths: []string{"testdata/texts"}, wait: time.Minute}
	for _, terminal := range []bool{true, false} {
		c.terminal, c.addrs = terminal, over(t, scheme)
		var stderr bytes.Buffer
		require.NoError(t, run(t.Context(), c, nil, io.Discard, &stderr))
		begin, rest, _ := strings.Cut(stderr.String(), "\n")
		require.Equal(t, "wordcount: counting 4 files (123 bytes) with 2 workers", begin)
		if c.addrs.remote() {
			begin, rest, _ = strings.Cut(rest, "\n")
			require.Contains(t, begin, "wordcount: more workers: wordcount -role worker -addr "+scheme+"://")
		}
		if !terminal {
			require.True(t, strings.HasSuffix(rest, "wordcount: 100%, 123 bytes, 7 lines, 4 of 4 files, all sent\n"), rest)
			continue
		}
		drawn := strings.Split(rest, "\r")
		require.Greater(t, len(drawn), 2, "drawn once, and then over that")
		require.Equal(t, "[########################] 100%, 123 bytes, 7 lines, 4 of 4 files, all sent\x1b[K\n", drawn[len(drawn)-1])
		for _, bar := range drawn[1 : len(drawn)-1] {
			require.NotContains(t, bar, "\n")
		}
	}
}

func TestProgressOfUnknownLengthHasNoBar(t *testing.T) {
	c := config{workers: 1, paths: []string{"-", "testdata/texts"}, addrs: at(t), terminal: true}
	var stderr bytes.Buffer
	require.NoError(t, run(t.Context(), c, strings.NewReader("one\n"), io.Discard, &stderr))
	require.NotContains(t, stderr.String(), "%")
	require.True(t, strings.HasSuffix(stderr.String(), "\r127 bytes, 8 lines, 5 of 5 files, all sent\x1b[K\n"), stderr.String())
}

// TestAFileThatVanishes is what can still go wrong after all files were opened.
func TestAFileThatVanishes(t *testing.T) {
	root := plant(t, map[string]string{"a.txt": strings.Repeat("some words\n", 100_000), "b.txt": "more"})
	vanishing := filepath.Join(root, "b.txt")
	in, err := list(t.Context(), []string{root}, nil)
	require.NoError(t, err)
	require.NoError(t, os.Remove(vanishing))

	all := newSockets()
	var stderr bytes.Buffer
	p, err := assemble(all, config{workers: 2, addrs: at(t), terminal: true}, in, &stderr)
	require.NoError(t, err)
	_, err = p.run(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, vanishing)
	require.True(t, strings.HasSuffix(stderr.String(), "\n"), "the error begins a line")
	all.runtime.Close() // may have messages, may have none
}

func TestErrorsOnStdoutAreReported(t *testing.T) {
	c := config{workers: 1, top: 1, paths: []string{"testdata/texts"}, addrs: at(t)}
	full, stdout := io.Pipe()
	require.NoError(t, full.Close())
	require.ErrorIs(t, run(t.Context(), c, nil, stdout, io.Discard), io.ErrClosedPipe)
}
