// SPDX-License-Identifier: MIT

package mq_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/internal/transport"
)

// framer is a remote subscriber that counts what it is asked to encode.
type framer struct {
	session
	encoded *int
}

func (f *framer) Frame(r *transport.Roll, m transport.Msg) transport.Msg {
	*f.encoded++
	text := "<" + string(m.First()) + ">"
	return transport.Framed(append(r.Room(len(text), func() []byte { return make([]byte, 100) }), text...))
}

// take takes n messages from the publisher, of which it has to find framed as many.
func (f *framer) take(t *testing.T, n, framed int) (texts []string) {
	t.Helper()
	for range n {
		m, _, err := f.in.Recv(t.Context())
		require.NoError(t, err)
		if frames, ok := m.Frames(); ok {
			texts = append(texts, string(frames))
			framed--
		} else {
			texts = append(texts, string(m.First()))
		}
	}
	require.Zero(t, framed)
	return texts
}

// A message that goes to several remote subscribers is encoded once, and not at all if it
// goes to none, or there is one alone.
func TestPubEncodesOnce(t *testing.T) {
	pub := mq.NewPub(mq.WithRuntime(mq.NewRuntime()), mq.WithLinger(0))
	t.Cleanup(func() { pub.Close() })
	require.NoError(t, pub.Bind("wire://pub"))
	encoded := 0
	come := func(prefixes ...string) *framer {
		f := &framer{encoded: &encoded}
		f.kind = transport.Sub
		theWire.mu.Lock()
		p := theWire.peers["wire://pub"]
		theWire.mu.Unlock()
		_, err := transport.Join(p, f, "", nil)
		require.NoError(t, err)
		for _, prefix := range prefixes {
			p.Subscription(f.end.Far, prefix, true)
		}
		return f
	}
	a := come("a", "ab")
	send(t, pub, "a1")
	require.Zero(t, encoded)
	require.Equal(t, []string{"a1"}, a.take(t, 1, 0))

	both, z := come("a", "z"), come("z")
	send(t, pub, "x1", "ab2")
	require.Equal(t, 1, encoded)
	send(t, pub, "z3", "a4")
	require.Equal(t, 3, encoded)
	require.Equal(t, []string{"<ab2>", "<a4>"}, a.take(t, 2, 2))
	require.Equal(t, []string{"<ab2>", "<z3>", "<a4>"}, both.take(t, 3, 3))
	require.Equal(t, []string{"<z3>"}, z.take(t, 1, 1))

	both.end.Unlink()
	z.end.Unlink()
	send(t, pub, "a5")
	require.Equal(t, 3, encoded)
	require.Equal(t, []string{"a5"}, a.take(t, 1, 0))
}
