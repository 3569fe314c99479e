// SPDX-License-Identifier: MIT

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/seedmq/mq/bench/internal/measure"
)

func TestMain(m *testing.M) {
	if measure.Child() {
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func TestWrongCommandLines(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-rounds 3", "at least 7"},
		{"-rounds 0 -out=", "at least 7"},
		{"-rows (", "-rows"},
		{"-peers (", "-peers"},
		{"-time 0s", "-time"},
		{"rows", "unexpected argument"},
		{"-rows nothing-is-called-so", "nothing to measure"},
	} {
		err := run(t.Context(), strings.Fields(c.args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
	}
}

func TestRowsAreListed(t *testing.T) {
	var b strings.Builder
	if err := run(t.Context(), []string{"-rows", "?"}, &b, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "one-way/1x1/16\n") {
		t.Errorf("got:\n%s", b.String())
	}
}

func TestCommandLeavesOutPlaces(t *testing.T) {
	s, err := parse([]string{"-out", "/some/where", "-note", "x", "-rows", "one-way|idle", "-time", "5ms"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(s.command, " . ")
	if want := "-rounds 7 -rows 'one-way|idle' -time 5ms"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRunWritesReportAndPlots(t *testing.T) {
	dir := t.TempDir()
	args := []string{"-out", dir, "-time", "10us", "-rows", "^(round-trip|one-way/1x1/16)$", "-peers", "^(mq|chan)$"}
	if err := run(t.Context(), args, io.Discard, t.Output()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## Goals", "## One way", "## Round trip", "(plots/latency.svg)"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %q in:\n%s", want, text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "plots", "latency.svg")); err != nil {
		t.Error(err)
	}
}
