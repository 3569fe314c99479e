// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/zmtp"
)

// limits are large enough for all that a test sends, unless the test is about them.
var limits = zmtp.Limits{Message: 64 << 20, Parts: 1000, Command: 64 << 10}

// sentinels are all errors that a connection can end with here.
var sentinels = []error{
	io.EOF, io.ErrUnexpectedEOF, zmtp.ErrProtocol, zmtp.ErrTooLarge, zmtp.ErrNotZMTP, zmtp.ErrMechanism,
	zmtp.ErrPeerRefused, zmtp.ErrSocketType,
}

// unhex takes hex with spaces, as vectors are written, apart.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// message is the item of a message.
func message(first string, more ...string) zmtp.Item {
	item := zmtp.Item{Body: []byte(first)}
	for _, part := range more {
		item.More = append(item.More, []byte(part))
	}
	return item
}

// command is the item of a command.
func command(name, data string) zmtp.Item {
	return zmtp.Item{Command: true, Body: []byte(string(rune(len(name))) + name + data)}
}

// encode is the frames of an item.
func encode(item zmtp.Item) []byte {
	if item.Command {
		return zmtp.AppendFrame(nil, zmtp.FlagCommand, item.Body)
	}
	return zmtp.AppendMessage(nil, item.Body, item.More)
}

// drain returns all items that come, and the error behind them.
func drain(d *zmtp.Decoder) ([]zmtp.Item, error) {
	var items []zmtp.Item
	for {
		item, err := d.Next()
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
}

// decode is drain of a whole stream.
func decode(stream []byte, l zmtp.Limits) ([]zmtp.Item, error) {
	return drain(zmtp.NewDecoder(bytes.NewReader(stream), l))
}

// alike holds items against each other by what is in them.
func alike(t require.TestingT, want, got []zmtp.Item, about ...any) {
	require.Len(t, got, len(want), about...)
	for i := range want {
		require.Equal(t, want[i].Command, got[i].Command, about...)
		require.True(t, bytes.Equal(want[i].Body, got[i].Body), about...)
		require.Len(t, got[i].More, len(want[i].More), about...)
		for j := range want[i].More {
			require.True(t, bytes.Equal(want[i].More[j], got[i].More[j]), about...)
		}
	}
}

// kind is the sentinel that an error wraps.
func kind(t require.TestingT, err error) error {
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return s
		}
	}
	require.Fail(t, "an error of no known kind", "%v", err)
	return nil
}

// sliced is a reader of b in two pieces: up to at, and what is behind it.
func sliced(b []byte, at int) io.Reader {
	return io.MultiReader(bytes.NewReader(b[:at]), bytes.NewReader(b[at:]))
}

// readers are ways in which the same bytes may arrive.
func readers(b []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"whole":           bytes.NewReader(b),
		"byte by byte":    iotest.OneByteReader(bytes.NewReader(b)),
		"by halves":       iotest.HalfReader(bytes.NewReader(b)),
		"end with bytes":  iotest.DataErrReader(bytes.NewReader(b)),
		"byte, then end":  iotest.DataErrReader(iotest.OneByteReader(bytes.NewReader(b))),
		"empty reads too": &stutter{r: bytes.NewReader(b)},
	}
}

// stutter brings nothing at every second read.
type stutter struct {
	r    io.Reader
	mute bool
}

func (s *stutter) Read(p []byte) (int, error) {
	if s.mute = !s.mute; s.mute {
		return 0, nil
	}
	return s.r.Read(p)
}

// watched counts the reads.
type watched struct {
	io.Reader
	reads int
}

func (w *watched) Read(p []byte) (int, error) {
	w.reads++
	return w.Reader.Read(p)
}

// reference decodes a stream in the plainest way: the whole of it is there, and nothing is saved.
func reference(b []byte, l zmtp.Limits) (items []zmtp.Item, end error) {
	var parts [][]byte
	var size uint64
	for len(b) > 0 {
		if b[0]&^7 != 0 || b[0]&5 == 5 {
			return items, zmtp.ErrProtocol
		}
		if len(b) < 2 {
			return items, io.ErrUnexpectedEOF
		}
		long, command := b[0]&2 != 0, b[0]&4 != 0
		if b[0] == 4 && b[1] == 0 {
			if len(b) < 15 || !strings.HasPrefix(string(b[9:]), "\x09SUBSCRIBE") && !strings.HasPrefix(string(b[9:]), "\x06CANCEL") {
				return items, zmtp.ErrProtocol
			}
			if n := binary.BigEndian.Uint64(b[1:]); n < 256 || n > 265 {
				return items, zmtp.ErrProtocol
			}
			long = true
		}
		flags, n, head := b[0], uint64(b[1]), 2
		if long {
			if len(b) < 9 {
				return items, io.ErrUnexpectedEOF
			}
			n, head = binary.BigEndian.Uint64(b[1:]), 9
		}
		switch {
		case command && n == 0:
			return items, zmtp.ErrProtocol
		case command && n > uint64(l.Command), !command && n > uint64(l.Message)-size, !command && len(parts) == l.Parts:
			return items, zmtp.ErrTooLarge
		case n > uint64(len(b)-head):
			return items, io.ErrUnexpectedEOF
		}
		body := b[head : head+int(n)]
		b = b[head+int(n):]
		if command {
			if body[0] == 0 || int(body[0]) >= len(body) {
				return items, zmtp.ErrProtocol
			}
			items = append(items, zmtp.Item{Command: true, Body: body})
			continue
		}
		parts, size = append(parts, body), size+n
		if flags&1 == 0 {
			items = append(items, zmtp.Item{Body: parts[0], More: parts[1:]})
			parts, size = nil, 0
		}
	}
	if len(parts) > 0 {
		return items, io.ErrUnexpectedEOF
	}
	return items, io.EOF
}

// agree holds a decoder of b against the reference, however b arrives.
func agree(t require.TestingT, b []byte, l zmtp.Limits) {
	want, end := reference(b, l)
	var text string
	for name, r := range readers(b) {
		got, err := drain(zmtp.NewDecoder(r, l))
		alike(t, want, got, name)
		require.ErrorIs(t, err, end, name)
		if text == "" {
			text = err.Error()
		}
		require.Equal(t, text, err.Error(), name)
	}
}

func TestReferenceDecodes(t *testing.T) {
	items, err := reference(unhex("0001 41 0100 0000 0407 04 50494e47 0000"), limits)
	require.Equal(t, io.EOF, err)
	alike(t, []zmtp.Item{message("A"), message("", ""), command("PING", "\x00\x00")}, items)
}
