// SPDX-License-Identifier: MIT

package zmtp

import (
	"bytes"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPipelineBytes holds the examples in PIPELINE.md to what is sent.
func TestPipelineBytes(t *testing.T) {
	page, err := os.ReadFile("../../PIPELINE.md")
	require.NoError(t, err)
	_, examples, ok := strings.Cut(string(page), "## Bytes")
	require.True(t, ok)
	written := inBytes(examples)
	id := func(b byte) (id [laneSize]byte) { return [laneSize]byte(bytes.Repeat([]byte{b}, laneSize)) }
	metadata := AppendProperty(nil, socketType, "PULL")
	metadata = AppendProperty(metadata, PipelineProperty, AppendLane(nil, id(0x11), 1))
	frame := func(text string) []byte { return AppendFrame(nil, 0, []byte(text)) }
	for _, want := range [][]byte{
		AppendCommand(nil, Ready, metadata),
		AppendResume(nil, id(0xaa), 0, 0, 4),
		AppendStart(nil, id(0x55), 1),
		slices.Concat(frame("a"), frame("b"), frame("c")),
		AppendAck(nil, 2, 6),
		AppendResume(nil, id(0x55), 2, 2, 4),
		AppendStart(nil, id(0x55), 3),
		frame("c"),
	} {
		i := bytes.Index(written, want)
		require.GreaterOrEqual(t, i, 0, "%x is not there, or not in its place", want)
		written = written[i+len(want):]
	}
}

// inBytes takes the numbers in hex out of a text, and names, such as READY, for what they are.
func inBytes(text string) (b []byte) {
	for _, word := range strings.Fields(text) {
		if n, err := hex.DecodeString(word); err == nil {
			b = append(b, n...)
		} else if isName(word) {
			b = append(b, word...)
		}
	}
	return b
}

func TestPipelineCommands(t *testing.T) {
	id := [laneSize]byte{1, 2, 3}
	data := func(frame []byte) []byte {
		_, body, _ := strings.Cut(string(frame), "MQ-")
		_, data, _ := strings.Cut(body, map[byte]string{'R': "RESUME", 'S': "START", 'A': "ACK"}[body[0]])
		return []byte(data)
	}
	stream, delivered, done, credit, err := ParseResume(data(AppendResume(nil, id, 7, 6, 5)))
	require.NoError(t, err)
	require.Equal(t, id, stream)
	require.Equal(t, []uint64{7, 6, 5}, []uint64{delivered, done, credit})
	stream, from, err := ParseStart(data(AppendStart(nil, id, 1<<63)))
	require.NoError(t, err)
	require.Equal(t, id, stream)
	require.Equal(t, uint64(1<<63), from)
	for _, last := range []bool{false, true} {
		ack := AppendAck(nil, 3, 4)
		if last {
			ack = AppendLastAck(nil, 3, 4)
		}
		done, upTo, isLast, err := ParseAck(data(ack))
		require.NoError(t, err)
		require.Equal(t, []uint64{3, 4}, []uint64{done, upTo})
		require.Equal(t, last, isLast)
	}
	for n := range 64 {
		_, _, _, _, err := ParseResume(make([]byte, n))
		require.Equal(t, n == 40, err == nil)
		_, _, err = ParseStart(make([]byte, n))
		require.Equal(t, n == 24, err == nil)
		_, _, _, err = ParseAck(make([]byte, n))
		require.Equal(t, n == 16, err == nil, "17 bytes need a 1 at the end")
	}
}

func TestPipelineProperty(t *testing.T) {
	id := [laneSize]byte{1, 2, 3}
	for value, ok := range map[string]bool{
		"": false, "\x00": false, "\x01": true, "\xff": true, "\x01\x02": false,
		string(AppendLane(nil, id, 9)): true, string(AppendLane(nil, id, 9))[:24]: false, string(AppendLane(nil, id, 9)) + "x": false,
		"\x00" + string(AppendLane(nil, id, 9))[1:]: false,
	} {
		p := Peer{Properties: []Property{{"X-Other", []byte{1}}, {"x-mq-PIPELINE", []byte(value)}}}
		lane, attempt, is := p.Pipeline()
		require.Equal(t, ok, is, "%q", value)
		if len(value) > 1 && ok {
			require.Equal(t, id[:], lane)
			require.EqualValues(t, 9, attempt)
		} else {
			require.Empty(t, lane)
		}
	}
	_, _, ok := (&Peer{}).Pipeline()
	require.False(t, ok)
}
