// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// asCommand makes the test binary the command itself, for those tests that need it in
// several processes.
const asCommand = "WORDCOUNT_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent")) // js/wasm's own
}

// invoke runs the command as main would, with the given standard input.
func invoke(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = command(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

func TestWrongArgumentsExitWith2(t *testing.T) {
	for message, args := range map[string][]string{
		"-workers 0: want 1 to 10000":                         {"-workers", "0"},
		"-workers -1: want 0 to 10000":                        {"-workers", "-1", "-addr", "tcp://localhost:0"},
		`-role "boss": want main or worker`:                   {"-role", "boss"},
		"-role worker: want the -addr of a main":              {"-role", "worker"},
		"-role worker: it is main that reads a.txt":           {"-role", "worker", "-addr", "ipc://@wc", "a.txt"},
		"-once: want -role worker":                            {"-once"},
		"-wait 0s: want more than 0":                          {"-wait", "0s"},
		"-workers -3: want":                                   {"-workers", "-3"},
		"-workers 10001: want":                                {"-workers", "10001"},
		`invalid value "x" for flag -workers`:                 {"-workers", "x"},
		"-top -1: want 0 or more":                             {"-top", "-1"},
		`-addr "wordcount": want scheme://...`:                {"-addr", "wordcount"},
		`-addr "tcp://localhost": want tcp://host:port`:       {"-addr", "tcp://localhost"},
		"flag provided but not defined: -frobnicate":          {"-frobnicate"},
		`-addr "tcp://localhost:65531": port "65531": want 1`: {"-addr", "tcp://localhost:65531"},
	} {
		t.Run(message, func(t *testing.T) {
			code, stdout, stderr := invoke(t, "", args...)
			require.Equal(t, 2, code)
			require.Empty(t, stdout)
			require.Contains(t, stderr, "wordcount: "+message)
			require.Contains(t, stderr, "wordcount -h explains.")
		})
	}
}

func TestHelpGoesToStdout(t *testing.T) {
	code, stdout, stderr := invoke(t, "", "-h")
	require.Zero(t, code)
	require.Empty(t, stderr)
	for _, word := range []string{"usage:", "-workers", "-top", "-addr", "-verify", "inproc://wordcount"} {
		require.Contains(t, stdout, word)
	}
}

func TestErrorsExitWith1AndPrintNoResult(t *testing.T) {
	for message, args := range map[string][]string{
		"no-such-file":                       {"-verify", "testdata/texts", "no-such-file"},
		"flags stand before files":           {"testdata/texts", "-verify"},
		"can be read only once":              {"-", "-"},
		"neither a file nor a folder":        {os.DevNull},
		"unknown scheme (forgotten import?)": {"-addr", "carrier-pigeon://x", "testdata/texts"},
	} {
		t.Run(message, func(t *testing.T) {
			code, stdout, stderr := invoke(t, "", args...)
			require.Equal(t, 1, code)
			require.Empty(t, stdout)
			require.Contains(t, stderr, message)
			require.NotContains(t, stderr, "counting", "no work has begun")
		})
	}
}

func TestInterruptExitsWith130(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range []string{"testdata/texts", "testdata/texts/cat.txt"} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, 130, command(ctx, []string{path}, nil, &stdout, &stderr))
		require.Empty(t, stdout.String())
		require.Contains(t, stderr.String(), "interrupted")
	}
}
