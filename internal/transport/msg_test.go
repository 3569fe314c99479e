// SPDX-License-Identifier: MIT

package transport_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/internal/transport"
)

func TestMsgIsHalfACacheLineWithItsStamp(t *testing.T) {
	if size := unsafe.Sizeof(transport.Msg{}); size > 16 {
		t.Fatalf("a Msg takes %d bytes", size)
	}
}

func TestMsgKeepsTheSlices(t *testing.T) {
	first, second, third := []byte("first"), []byte{}, []byte("third")
	for _, more := range [][][]byte{nil, {}, {second}, {second, third}, {nil, nil}} {
		m := transport.NewMsg(first, more)
		f, rest := m.Parts()
		require.Same(t, &first[0], &f[0])
		require.Len(t, rest, len(more))
		require.Equal(t, "first", string(m.First()))
		for i := range more {
			require.Equal(t, unsafe.SliceData(more[i]), unsafe.SliceData(rest[i]))
			require.Len(t, rest[i], len(more[i]))
		}
	}
}

func TestMsgOfNothing(t *testing.T) {
	for _, m := range []transport.Msg{{}, transport.NewMsg(nil, nil), transport.NewMsg([]byte{}, nil), transport.NewMsg(nil, [][]byte{})} {
		first, more := m.Parts()
		require.Empty(t, first)
		require.Empty(t, more)
		require.Empty(t, m.First())
	}
	first, more := transport.NewMsg(nil, [][]byte{nil}).Parts()
	require.Empty(t, first)
	require.Len(t, more, 1)
}

// TestMsgEndsWithItsBytes appends to what a receiver got: bytes behind the
// message are the sender's, and stay as they are.
func TestMsgEndsWithItsBytes(t *testing.T) {
	buf := []byte("message and more")
	m := transport.NewMsg(buf[:7], nil)
	_ = append(m.First(), "!!!!"...)
	require.Equal(t, "message and more", string(buf))
}

func TestMsgEnvelope(t *testing.T) {
	one, two := msg("a"), transport.NewMsg([]byte("a"), [][]byte{[]byte("b")})
	for _, m := range []transport.Msg{one, two} {
		require.Nil(t, m.Envelope())
		require.Equal(t, m, m.Enveloped(nil), "and no box")
		first, more := m.Parts()
		e := m.Enveloped([][]byte{[]byte("who"), []byte("asks")})
		require.Equal(t, [][]byte{[]byte("who"), []byte("asks")}, e.Envelope())
		gotFirst, gotMore := e.Parts()
		require.Equal(t, first, gotFirst)
		require.Equal(t, more, gotMore)
	}
}

func TestKind(t *testing.T) {
	for _, c := range []struct {
		kind     transport.Kind
		name     string
		lossless bool
	}{
		{transport.Pair, "PAIR", true}, {transport.Pub, "PUB", false}, {transport.Sub, "SUB", false},
		{transport.Req, "REQ", true}, {transport.Rep, "REP", false}, {transport.Pull, "PULL", false}, {transport.Push, "PUSH", true},
	} {
		require.Equal(t, c.name, c.kind.String())
		require.Equal(t, c.lossless, c.kind.Lossless(), c.name)
	}
}

// frames makes a message of parts, as a DEALER sends it.
func frames(parts ...string) transport.Msg {
	var all [][]byte
	for _, p := range parts {
		all = append(all, []byte(p))
	}
	return transport.NewMsg(all[0], all[1:])
}

func all(parts [][]byte) []string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = string(p)
	}
	return texts
}

func TestMsgOpen(t *testing.T) {
	for _, c := range []struct {
		frames   []string
		envelope []string
		parts    []string // nil if there is nothing for the application
	}{
		{[]string{""}, nil, nil},
		{[]string{"a"}, nil, nil},
		{[]string{"a", ""}, nil, nil},
		{[]string{"a", "b", ""}, nil, nil},
		{[]string{"", "a"}, []string{}, []string{"a"}},
		{[]string{"", ""}, []string{}, []string{""}},
		{[]string{"", "", "a"}, []string{}, []string{"", "a"}},
		{[]string{"x", "", "a"}, []string{"x"}, []string{"a"}},
		{[]string{"x", "y", "", "a", "", "b"}, []string{"x", "y"}, []string{"a", "", "b"}},
	} {
		m := frames(c.frames...)
		opened, ok := m.Open()
		require.Equal(t, c.parts != nil, ok, c.frames)
		require.Equal(t, c.frames, all(m.AppendParts(nil)), "the message stays as it is")
		if !ok {
			continue
		}
		require.Equal(t, c.envelope, all(opened.Envelope()), c.frames)
		require.Equal(t, c.parts, all(opened.AppendParts(nil)), c.frames)
		require.Equal(t, append([]string{"before"}, c.frames...), all(opened.AppendSealed([][]byte{[]byte("before")})))
		require.Equal(t, append(c.envelope, "more"), append(all(opened.Envelope()), "more"))
	}
}

// TestMsgOpenSharesNoRoom appends to an envelope: the message behind it stays.
func TestMsgOpenSharesNoRoom(t *testing.T) {
	m := frames("x", "y", "", "a")
	opened, _ := m.Open()
	_ = append(opened.Envelope(), []byte("z"), []byte("z"))
	require.Equal(t, []string{"x", "y", "", "a"}, all(m.AppendParts(nil)))
}

func TestMsgAsked(t *testing.T) {
	for _, id := range []uint32{0, 1, 1<<32 - 1, 0x01020304} {
		for _, m := range []transport.Msg{msg("a"), frames("a", "b"), {}} {
			asked := m.Asked(id)
			require.Equal(t, all(m.AppendParts(nil)), all(asked.AppendParts(nil)))
			got, ok := transport.AskedID(asked.Envelope())
			require.True(t, ok)
			require.Equal(t, id, got)
		}
	}
	for _, envelope := range [][][]byte{nil, {}, {nil}, {[]byte("abc")}, {[]byte("abcde")}, {[]byte("abcd"), nil}} {
		_, ok := transport.AskedID(envelope)
		require.False(t, ok, envelope)
	}
	m := msg("a")
	require.EqualValues(t, 1, testing.AllocsPerRun(100, func() { m.Asked(7) }))
}

// What is lent is the same message, and says so, whatever else is added.
func TestMsgLend(t *testing.T) {
	first, second := []byte("first"), []byte("second")
	for _, m := range []transport.Msg{
		transport.NewMsg(first, nil), transport.NewMsg(first, [][]byte{second}), transport.NewMsg(nil, nil),
		transport.NewMsg(first, [][]byte{second}).Enveloped([][]byte{{1}}),
	} {
		require.Nil(t, m.Note())
		want := func(got transport.Msg) {
			t.Helper()
			f, rest := m.Parts()
			gotFirst, gotRest := got.Parts()
			require.Equal(t, unsafe.SliceData(f), unsafe.SliceData(gotFirst))
			require.Len(t, gotFirst, len(f))
			require.Equal(t, rest, gotRest)
			require.Equal(t, gotFirst, got.First())
			require.Equal(t, m.Envelope(), got.Envelope())
			require.True(t, got.Note().Lent)
			_, isFramed := got.Frames()
			require.False(t, isFramed)
		}
		allocs := testing.AllocsPerRun(10, func() { m.Lend() })
		require.Zero(t, allocs)
		lent := m.Lend()
		want(lent)
		want(lent.Lend())
		require.False(t, lent.Note().Again)
		want(lent.Again())
		require.True(t, lent.Again().Note().Again)
		note := &transport.Note{Confirm: func() {}}
		want(lent.Noted(note))
		require.Same(t, note, lent.Noted(note).Note())
	}
	_, isFramed := transport.Framed(first).Lend().Frames()
	require.True(t, isFramed)
	require.False(t, transport.NewMsg(first, nil).Again().Note().Lent, "the notes that are shared stay as they are")
}
