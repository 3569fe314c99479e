// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/zmtp"
)

func TestLimitsBelowOnePanic(t *testing.T) {
	for _, l := range []zmtp.Limits{{}, {0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {-1, 1, 1}} {
		require.Panics(t, func() { zmtp.NewDecoder(nil, l) }, "%+v", l)
	}
}

// Whatever the sizes and limits, a decoder agrees with the reference.
func TestDecodesAsTheReference(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	lengths := []int{0, 1, 9, 10, 127, 128, 129, 255, 256, 257, 511, 512, 513, 2047, 2048, 2049, 4096, 8191, 20_000, 32_768, 65_527, 65_536, 70_000, 200_000}
	for round := range 60 {
		var stream []byte
		for len(stream) < 600_000 {
			body := bytes.Repeat([]byte{byte(len(stream))}, lengths[rnd.IntN(2+rnd.IntN(len(lengths)-1))])
			switch rnd.IntN(4) {
			case 0:
				stream = zmtp.AppendFrame(stream, zmtp.FlagMore, body)
			case 1:
				stream = zmtp.AppendCommand(stream, "X", body)
			default:
				stream = zmtp.AppendFrame(stream, 0, body)
			}
		}
		l := limits
		if round%2 == 1 {
			l = zmtp.Limits{Message: 1 + rnd.Int64N(1<<20), Parts: 1 + rnd.IntN(20), Command: 1 << 18}
		}
		want, end := reference(stream, l)
		r := &uneven{stream, rnd, 1 << rnd.IntN(18)}
		got, err := drain(zmtp.NewDecoder(r, l))
		require.ErrorIs(t, err, end)
		alike(t, want, got)
	}
}

// uneven brings pieces of up to most bytes.
type uneven struct {
	b    []byte
	rnd  *rand.Rand
	most int
}

func (u *uneven) Read(p []byte) (int, error) {
	if len(u.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 1+u.rnd.IntN(u.most))], u.b)
	u.b = u.b[n:]
	return n, nil
}

// F-FRM-08, B-FRM-07: libzmq sends PING between the parts of a message.
func TestCommandsComeBetweenParts(t *testing.T) {
	stream := unhex("0101 41 0407 04 50494e47 0000 0101 42 0405 04 504f4e47 0001 43 0000")
	want := []zmtp.Item{command("PING", "\x00\x00"), command("PONG", ""), message("A", "B", "C"), message("")}
	for name, r := range readers(stream) {
		got, err := drain(zmtp.NewDecoder(r, limits))
		require.Equal(t, io.EOF, err, name)
		alike(t, want, got, name)
	}
}

// Buffered says whether Next reads, in both directions, at every state of the buffer.
func TestBufferedTellsWhetherNextReads(t *testing.T) {
	var stream []byte
	for _, g := range golden {
		stream = append(stream, g.wire...)
	}
	stream = append(stream, unhex("0101 41 0407 04 50494e47 0000 0001 42 08")...)
	for at := range len(stream) + 1 {
		r := &watched{Reader: sliced(stream, at)}
		d := zmtp.NewDecoder(r, limits)
		want, _ := reference(stream, limits)
		for i := 0; ; i++ {
			buffered, reads := d.Buffered(), r.reads
			require.Equal(t, buffered, d.Buffered(), "it says the same twice")
			item, err := d.Next()
			require.Equal(t, buffered, r.reads == reads, "split at %d, item %d", at, i)
			if err != nil {
				require.ErrorIs(t, err, zmtp.ErrProtocol)
				require.Len(t, want, i)
				require.True(t, d.Buffered())
				break
			}
			alike(t, want[i:i+1], []zmtp.Item{item})
		}
	}
}

// An error of the reader comes when the bytes before it are used up, and stays.
func TestErrorsStay(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		stream string
		end    error
		want   error
	}{
		"end":           {"0001 41", nil, io.EOF},
		"cut":           {"0001 41 00", nil, io.ErrUnexpectedEOF},
		"cut body":      {"0001 41 0002 41", nil, io.ErrUnexpectedEOF},
		"parts missing": {"0001 41 0101 41", nil, io.ErrUnexpectedEOF},
		"broken":        {"0001 41 0101 41", broken, broken},
		"illegal":       {"0001 41 08 0001 41", nil, zmtp.ErrProtocol},
		"large":         {"0001 41 0300 ffff ffff ffff ffff 0001 41", nil, zmtp.ErrTooLarge},
	} {
		var r io.Reader = bytes.NewReader(unhex(c.stream))
		if c.end != nil {
			r = io.MultiReader(r, iotest.ErrReader(c.end))
		}
		d := zmtp.NewDecoder(r, limits)
		item, err := d.Next()
		require.NoError(t, err, name)
		alike(t, []zmtp.Item{message("A")}, []zmtp.Item{item}, name)
		_, err = d.Next()
		require.ErrorIs(t, err, c.want, name)
		for range 3 {
			item, again := d.Next()
			require.Equal(t, err, again, name)
			require.Zero(t, item, name)
			require.True(t, d.Buffered(), name)
		}
	}
}

func TestReaderWithoutProgress(t *testing.T) {
	_, err := zmtp.NewDecoder(silent{}, limits).Next()
	require.Equal(t, io.ErrNoProgress, err)
	large := unhex("02 00000000 00100000 4142")
	_, err = zmtp.NewDecoder(io.MultiReader(bytes.NewReader(large), silent{}), limits).Next()
	require.Equal(t, io.ErrNoProgress, err)
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

// F-FRM-03, F-FRM-04: limits are exact, for one part and for all of them.
func TestLimitsAreExact(t *testing.T) {
	l := zmtp.Limits{Message: 300, Parts: 3, Command: 20}
	for name, c := range map[string]struct {
		item zmtp.Item
		ok   bool
	}{
		"300 bytes":                 {message(strings.Repeat("a", 300)), true},
		"301 bytes":                 {message(strings.Repeat("a", 301)), false},
		"300 bytes in two":          {message(strings.Repeat("a", 150), strings.Repeat("a", 150)), true},
		"301 bytes in two":          {message(strings.Repeat("a", 150), strings.Repeat("a", 151)), false},
		"three parts":               {message("a", "", "c"), true},
		"four parts":                {message("a", "", "", ""), false},
		"command of 20":             {command("X", strings.Repeat("a", 18)), true},
		"command of 21":             {command("X", strings.Repeat("a", 19)), false},
		"command is not of message": {command("X", strings.Repeat("a", 250)), false},
	} {
		items, err := decode(encode(c.item), l)
		if c.ok {
			require.Equal(t, io.EOF, err, name)
			alike(t, []zmtp.Item{c.item}, items, name)
		} else {
			require.ErrorIs(t, err, zmtp.ErrTooLarge, name)
			require.Empty(t, items, name)
		}
	}
	small, err := decode(unhex("0003 414141 0004 41414141"), zmtp.Limits{Message: 3, Parts: 1, Command: 1})
	require.ErrorIs(t, err, zmtp.ErrTooLarge)
	alike(t, []zmtp.Item{message("AAA")}, small)
}

// Many parts are one message, and the next begins with none.
func TestManyParts(t *testing.T) {
	parts := make([]string, 999)
	for i := range parts {
		parts[i] = strings.Repeat("p", i)
	}
	many := message("first", parts...)
	stream := with(encode(many), encode(message("one")), encode(many), encode(message("", "two")))
	for name, r := range readers(stream) {
		items, err := drain(zmtp.NewDecoder(r, limits))
		require.Equal(t, io.EOF, err, name)
		alike(t, []zmtp.Item{many, message("one"), many, message("", "two")}, items, name)
	}
}

// The limit counts one message, not the connection.
func TestLimitsBeginAnew(t *testing.T) {
	stream := bytes.Repeat(encode(message("abc", "def")), 100)
	items, err := decode(stream, zmtp.Limits{Message: 6, Parts: 2, Command: 1})
	require.Equal(t, io.EOF, err)
	require.Len(t, items, 100)
}

// An error says what was seen.
func TestErrorsTell(t *testing.T) {
	for stream, want := range map[string]string{
		"80":                          "zmtp: protocol violated: reserved bits in the flags 0x80 of a frame",
		"0400":                        "zmtp: protocol violated: an empty command",
		"0403 09 5355":                "zmtp: protocol violated: a command of 3 bytes with a name of 9",
		"02 00000000 10000000":        "zmtp: limit exceeded: a part of 268435456 bytes after 0 of a message, of which 67108864 are allowed",
		"06 00000000 00010001 414141": "zmtp: limit exceeded: a command of 65537 bytes, of which 65536 are allowed",
	} {
		_, err := decode(unhex(stream), limits)
		require.EqualError(t, err, want)
	}
}
