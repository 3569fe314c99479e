// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// Good addresses resolve, and lead to who bound them: D-EPT-01, D-EPT-04, D-EPT-06,
// D-EPT-08, D-EPT-09.
func TestAddressGood(t *testing.T) {
	t.Chdir(t.TempDir())
	port, name := freePort(t), fmt.Sprintf("mq-test-%d", os.Getpid())
	for _, c := range []struct {
		bind     string
		resolved string // a regular expression
		connect  string // in which PORT stands for the port that was bound; "" for what was resolved
		os       string // "" for all
	}{
		{bind: "tcp://127.0.0.1:0", resolved: `tcp://127\.0\.0\.1:\d+`},
		{bind: "tcp://127.0.0.1:*", resolved: `tcp://127\.0\.0\.1:\d+`, connect: "tcp://localhost:PORT"},
		{bind: fmt.Sprint("tcp://127.0.0.1:", port), resolved: fmt.Sprint("tcp://127.0.0.1:", port)},
		{bind: "tcp://localhost:0", resolved: `tcp://(127\.0\.0\.1|\[::1\]):\d+`},
		{bind: "tcp://*:*", resolved: `tcp://0\.0\.0\.0:\d+`, connect: "tcp://127.0.0.1:PORT"},
		{bind: "tcp://*:0", resolved: `tcp://0\.0\.0\.0:\d+`, connect: "tcp://[::1]:PORT"},
		{bind: "tcp://0.0.0.0:0", resolved: `tcp://0\.0\.0\.0:\d+`, connect: "tcp://127.0.0.1:PORT"},
		{bind: "tcp://[::1]:0", resolved: `tcp://\[::1\]:\d+`},
		{bind: "tcp://[::1]:*", resolved: `tcp://\[::1\]:\d+`, connect: "tcp://[::1]:PORT"},
		{bind: "tcp://lo:*", resolved: `tcp://127\.0\.0\.1:\d+`, os: "linux"},
		{bind: "ipc://*", resolved: `ipc:///.+`},
		{bind: "ipc://relative", resolved: `ipc://.*relative`, connect: "ipc://./relative"},
		{bind: "ipc://with space", resolved: `ipc://.*with space`},
		{bind: "ipc://@" + name, resolved: "ipc://@" + name, os: "linux"},
	} {
		t.Run(c.bind, func(t *testing.T) {
			if strings.Contains(c.bind+c.connect, "::1") && !hasIPv6() {
				t.Skip("no IPv6 here")
			}
			if c.os != "" && c.os != runtime.GOOS {
				t.Skip("only on " + c.os)
			}
			var news news
			pull, push := makers["PULL"](t, news.option()), makers["PUSH"](t)
			require.Empty(t, pull.Addr())
			require.NoError(t, pull.Bind(c.bind))
			require.Regexp(t, "^"+c.resolved+"$", pull.Addr())
			require.Equal(t, mq.Event{Kind: mq.EventListening, Addr: c.bind, Peer: pull.Addr()}, news.await(t, mq.EventListening, 1))
			connect := pull.Addr()
			if c.connect != "" {
				connect = strings.ReplaceAll(c.connect, "PORT", regexp.MustCompile(`\d+$`).FindString(pull.Addr()))
			}
			require.NoError(t, push.Connect(connect))
			require.NoError(t, push.Send(t.Context(), mq.Text("x")))
			_, err := pull.Recv(soon(t))
			require.NoError(t, err)
			resolved := pull.Addr()
			require.NoError(t, pull.Unbind(c.bind))
			require.Empty(t, pull.Addr())
			require.ErrorIs(t, pull.Unbind(resolved), mq.ErrBadAddr)
			if path, ok := strings.CutPrefix(resolved, "ipc://"); ok && path[0] != '@' {
				require.NoFileExists(t, path)
				if c.bind == "ipc://*" {
					require.NoDirExists(t, filepath.Dir(path))
				}
			}
		})
	}
}

func hasIPv6() bool {
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	ln.Close()
	return true
}

// What cannot be an address is refused at once, and the error says what it wants.
func TestAddressBad(t *testing.T) {
	long := "ipc:///" + strings.Repeat("x", 200)
	for _, c := range []struct {
		addr          string
		bind, connect string // what the error says; "" if there is none
	}{
		{"tcp://", "nothing after tcp://", "nothing after tcp://"},
		{"tcp://127.0.0.1", "host:port", "host:port"},
		{"tcp://127.0.0.1:", "want 0 to 65535", "want 0 to 65535"},
		{"tcp://127.0.0.1:70000", "want 0 to 65535", "want 0 to 65535"},
		{"tcp://127.0.0.1:-1", "want 0 to 65535", "want 0 to 65535"},
		{"tcp://127.0.0.1:http", "want 0 to 65535", "want 0 to 65535"},
		{"tcp://:5555", "* for all", "host"},
		{"tcp://::1:5555", "host:port", "host:port"},
		{"tcp://[::1:5555", "host:port", "host:port"},
		{"tcp://a b:5555", `"a b"`, `"a b"`},
		{"tcp://a/b:5555", `"a/b"`, `"a/b"`},
		{"tcp://127.0.0.1:5555/x", "want 0 to 65535", "want 0 to 65535"},
		{"tcp://*:5555", "", "* is for bind"},
		{"tcp://127.0.0.1:0", "", "0 is for bind"},
		{"tcp://127.0.0.1:*", "", "* is for bind"},
		{"ipc://*", "", "* is for bind"},
		{"ipc://", "ipc", "ipc"},
		{"ipc://@", "name", "name"},
		{long, "at most", "at most"},
	} {
		t.Run(c.addr[:min(len(c.addr), 30)], func(t *testing.T) {
			var news news
			s := makers["PULL"](t, news.option())
			if c.bind != "" {
				requireBadAddr(t, s.Bind(c.addr), c.bind)
				require.Empty(t, s.Addr())
				require.Empty(t, news.of(mq.EventListening))
			}
			if c.connect != "" {
				requireBadAddr(t, s.Connect(c.addr), c.connect)
				require.ErrorIs(t, s.Disconnect(c.addr), mq.ErrBadAddr, "it is not connected there")
			}
		})
	}
	s := makers["PULL"](t)
	require.ErrorIs(t, s.Bind("udp://127.0.0.1:1"), mq.ErrNoTransport)
}

func requireBadAddr(t *testing.T, err error, says string) {
	t.Helper()
	require.ErrorIs(t, err, mq.ErrBadAddr)
	require.ErrorContains(t, err, says)
	_, ok := errors.AsType[*mq.Error](err)
	require.True(t, ok)
}

// A taken address is an error at once, and an event: D-EPT-14.
func TestAddressInUse(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			var news news
			first, second := makers["PULL"](t), makers["PULL"](t, news.option())
			addr := scheme.addr(t)
			require.NoError(t, first.Bind(addr))
			require.ErrorIs(t, second.Bind(addr), mq.ErrAddrInUse)
			require.ErrorIs(t, first.Bind(addr), mq.ErrAddrInUse)
			e := news.await(t, mq.EventBindFailed, 1)
			require.Equal(t, addr, e.Addr)
			require.ErrorIs(t, e.Err, mq.ErrAddrInUse)
			push := makers["PUSH"](t)
			require.NoError(t, push.Connect(addr))
			require.NoError(t, push.Send(t.Context(), mq.Text("x")))
			_, err := first.Recv(soon(t))
			require.NoError(t, err, "the first was not hurt")
		})
	}
	s := makers["PULL"](t)
	require.Error(t, s.Bind("tcp://192.0.2.1:5555"), "not an address of this machine")
	require.Error(t, s.Bind("ipc:///no/such/directory/socket"))
}

// Only a socket file that nobody listens at is replaced: D-EPT-05.
func TestAddressFileAtThePath(t *testing.T) {
	path := freePath(t)
	addr := "ipc://" + path
	s := makers["PULL"](t)
	for name, put := range map[string]func() error{
		"file":      func() error { return os.WriteFile(path, []byte("precious"), 0o600) },
		"directory": func() error { return os.Mkdir(path, 0o700) },
		"link":      func() error { return os.Symlink("/nowhere/at/all", path) },
	} {
		require.NoError(t, put(), name)
		before, err := os.Lstat(path)
		require.NoError(t, err)
		require.ErrorIs(t, s.Bind(addr), mq.ErrAddrInUse, name)
		after, err := os.Lstat(path)
		require.NoError(t, err, "the %s is still there", name)
		require.Equal(t, before.Mode(), after.Mode())
		require.NoError(t, os.Remove(path))
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	ln.SetUnlinkOnClose(false)
	require.ErrorIs(t, s.Bind(addr), mq.ErrAddrInUse, "somebody listens")
	require.FileExists(t, path)
	require.NoError(t, ln.Close())
	require.FileExists(t, path)
	require.NoError(t, s.Bind(addr), "nobody listens any more")
	push := makers["PUSH"](t)
	require.NoError(t, push.Connect(addr))
	require.NoError(t, push.WaitPeers(soon(t), 1))
}
