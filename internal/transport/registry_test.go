// SPDX-License-Identifier: MIT

package transport_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/transport"
)

// nowhere is a transport that only has a name.
type nowhere struct{}

func (nowhere) Bind(string, transport.Peer, *transport.Options) (transport.Binding, error) {
	return nil, nil
}
func (nowhere) Connect(string, transport.Peer, string, *transport.Options) (transport.Binding, error) {
	return nil, nil
}

// The registry is the program's: this one is registered once, also with -count=2.
func init() { transport.Register("nowhere", nowhere{}) }

func TestRegister(t *testing.T) {
	require.PanicsWithValue(t, "mq: Register of a nil transport for scheme nil", func() { transport.Register("nil", nil) })
	_, err := transport.Lookup("nil")
	require.ErrorIs(t, err, transport.ErrNoTransport)
	require.PanicsWithValue(t, "mq: Register called twice for scheme nowhere", func() { transport.Register("nowhere", nowhere{}) })
	got, err := transport.Lookup("nowhere")
	require.NoError(t, err)
	require.Equal(t, nowhere{}, got)
}

func TestLookupOfUnknownScheme(t *testing.T) {
	for scheme, want := range map[string]string{
		"tcp":  `mq: unknown scheme (forgotten import?): import _ "github.com/seedmq/mq/net" for tcp`,
		"ipc":  `mq: unknown scheme (forgotten import?): import _ "github.com/seedmq/mq/net" for ipc`,
		"pgm":  `mq: unknown scheme (forgotten import?): "pgm"`,
		"":     `mq: unknown scheme (forgotten import?): ""`,
		"TCP ": `mq: unknown scheme (forgotten import?): "TCP "`,
	} {
		_, err := transport.Lookup(scheme)
		require.ErrorIs(t, err, transport.ErrNoTransport)
		require.EqualError(t, err, want)
	}
}

func TestScheme(t *testing.T) {
	for _, c := range []struct{ addr, scheme, rest string }{
		{"inproc://x", "inproc", "x"},
		{"tcp://[::1]:5555", "tcp", "[::1]:5555"},
		{"ipc:///run/x", "ipc", "/run/x"},
		{"a://b://c", "a", "b://c"},
		{"x:// ", "x", " "},
	} {
		scheme, rest, err := transport.Scheme(c.addr)
		require.NoError(t, err)
		require.Equal(t, []string{c.scheme, c.rest}, []string{scheme, rest})
	}
	for _, bad := range []string{"", "x", "inproc", "inproc:", "inproc:/", "inproc://", "://", "://x", "inproc:/x", "//x", ":", "\x00"} {
		_, _, err := transport.Scheme(bad)
		require.ErrorIs(t, err, transport.ErrBadAddr, "%q", bad)
	}
}
