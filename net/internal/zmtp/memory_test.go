// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/zmtp"
)

// allocated is how many bytes f allocates, by the least of some runs, because others may allocate too.
func allocated(f func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// F-FRM-01, F-FRM-02, B-BAD-22, B-BAD-23: what is announced costs nothing; what has come does.
func TestMemoryFollowsWhatArrives(t *testing.T) {
	generous := zmtp.Limits{Message: math.MaxInt64, Parts: math.MaxInt32, Command: math.MaxInt32}
	for _, l := range []zmtp.Limits{limits, generous} {
		for _, n := range []uint64{1 << 63, math.MaxUint64, math.MaxInt64, math.MaxInt64 + 2, 1 << 40, 1 << 33, math.MaxUint32, math.MaxInt32, 64 << 20} {
			for _, flags := range []byte{2, 3, 6} {
				stream := binary.BigEndian.AppendUint64([]byte{flags}, n)
				stream = append(stream, "\x01few bytes"...)
				var err error
				used := allocated(func() { _, err = decode(stream, l) })
				require.Less(t, used, uint64(128<<10), "%d bytes announced, flags %d", n, flags)
				require.Contains(t, []error{zmtp.ErrTooLarge, io.ErrUnexpectedEOF}, kind(t, err))
				if n > uint64(l.Message) || flags == 6 && n > uint64(l.Command) {
					require.ErrorIs(t, err, zmtp.ErrTooLarge, "%d bytes announced, flags %d", n, flags)
				}
			}
		}
	}
}

// A body that breaks off has cost a small multiple of what came of it, or of what had come before.
func TestMemoryDoublesAtMost(t *testing.T) {
	for _, came := range []int{1 << 10, 64 << 10, 100_000, 1 << 20, 5 << 20} {
		stream := append(binary.BigEndian.AppendUint64([]byte{2}, 60<<20), make([]byte, came)...)
		used := allocated(func() { _, _ = decode(stream, limits) })
		require.Less(t, used, uint64(4*came+128<<10), "%d bytes came", came)

		stream = append(encode(message(string(make([]byte, came)))), stream[:20]...)
		used = allocated(func() { _, _ = decode(stream, limits) })
		require.Less(t, used, uint64(5*came+128<<10), "%d bytes came before", came)
	}
}

// Before the handshake is over, the bound is fixed. F-GRT-10, F-GRT-11.
func TestMemoryOfAHandshake(t *testing.T) {
	for name, tail := range map[string][]byte{
		"huge command":    append([]byte{6}, bytes.Repeat([]byte{0x7f}, 8)...),
		"large command":   binary.BigEndian.AppendUint64([]byte{6}, 8192),
		"huge property":   zmtp.AppendCommand(nil, "READY", "\x01X\x7f\xff\xff\xffabc"),
		"many properties": zmtp.AppendCommand(nil, "READY", bytes.Repeat([]byte("\x01X\x00\x00\x00\x00"), 1300)),
	} {
		stream := append(bytes.Clone(greetNull), tail...)
		used := allocated(func() {
			_, err := zmtp.Handshake(zmtp.NewDecoder(bytes.NewReader(stream), limits), io.Discard, zmtp.Config{SocketType: "PULL"})
			require.Error(t, err)
		})
		require.Less(t, used, uint64(64<<10), name)
	}
}

// 10,000 connections that are idle, or hardly used, are cheap.
func TestMemoryOfIdleConnections(t *testing.T) {
	stream := append(append(bytes.Clone(greetNull), readyDealer...), encode(message("hello"))...)
	used := allocated(func() {
		d := zmtp.NewDecoder(bytes.NewReader(stream), limits)
		_, err := zmtp.Handshake(d, io.Discard, zmtp.Config{SocketType: "ROUTER"})
		require.NoError(t, err)
		_, err = d.Next()
		require.NoError(t, err)
	})
	require.Less(t, used, uint64(6<<10))
}

// A connection that was busy gives its large buffer up after some small reads.
func TestBufferGetsSmallAgain(t *testing.T) {
	busy := bytes.Repeat(encode(message("0123456789")), 100_000)
	r := &largest{}
	d := zmtp.NewDecoder(r, limits)
	for _, step := range []struct {
		reader io.Reader
		items  int
		most   int
	}{
		{bytes.NewReader(busy), 100_000, 64 << 10},
		{&single{encode(message("ping"))}, 40, 64 << 10},
		{&single{encode(message("ping"))}, 40, 2 << 10},
		{bytes.NewReader(busy), 100_000, 64 << 10},
	} {
		r.Reader, r.most = step.reader, 0
		for range step.items {
			_, err := d.Next()
			require.NoError(t, err)
		}
		require.InDelta(t, step.most, r.most, 100, "part of a message may be in it already")
	}
}

// largest notes the largest piece it was asked for.
type largest struct {
	io.Reader
	most int
}

func (l *largest) Read(p []byte) (int, error) {
	l.most = max(l.most, len(p))
	return l.Reader.Read(p)
}

// single brings the same piece at each read.
type single struct{ piece []byte }

func (s *single) Read(p []byte) (int, error) { return copy(p, s.piece), nil }

// What Next returned stays as it was, and appending to it harms nobody.
func TestBodiesBelongToTheCaller(t *testing.T) {
	var stream []byte
	var want []zmtp.Item
	for i := range 3000 {
		text := bytes.Repeat([]byte{byte(i)}, []int{1, 10, 100, 250, 300, 700, 2100, 5000}[i%8])
		item := zmtp.Item{Body: text}
		switch i % 3 {
		case 1:
			item.More = [][]byte{{}, text, {byte(i)}}
		case 2:
			item = command("X", string(text))
		}
		want = append(want, item)
		stream = append(stream, encode(item)...)
	}
	got, err := decode(stream, limits)
	require.Equal(t, io.EOF, err)
	for _, item := range got {
		for _, part := range append([][]byte{item.Body}, item.More...) {
			_ = append(part, "overwritten"...)
		}
	}
	clear(stream)
	alike(t, want, got)
}

// Who keeps a small message keeps one chunk of at most 8 KiB, and not what came before or after.
func TestKeptMessageHoldsLittle(t *testing.T) {
	stream := bytes.Repeat(encode(message("0123456789")), 20_000)
	d := zmtp.NewDecoder(bytes.NewReader(stream), limits)
	var early, late weak.Pointer[byte]
	var kept []byte
	for i := range 20_000 {
		item, err := d.Next()
		require.NoError(t, err)
		switch i {
		case 5000:
			early = weak.Make(&item.Body[0])
		case 10_000:
			kept = item.Body
		case 15_000:
			late = weak.Make(&item.Body[0])
		}
	}
	for range 3 {
		runtime.GC()
	}
	require.Nil(t, early.Value())
	require.Nil(t, late.Value())
	require.Equal(t, "0123456789", string(kept))
	runtime.KeepAlive(d)
}

// A partial message is let go of as soon as it cannot become whole. F-CVE-06.
func TestPartialMessageIsDropped(t *testing.T) {
	first := encode(message(string(make([]byte, 50_000)), "x"))[:50_009] // its last part is missing
	before := inUse()
	decoders := make([]*zmtp.Decoder, 50)
	for i := range decoders {
		decoders[i] = zmtp.NewDecoder(bytes.NewReader(first), limits)
		_, err := decoders[i].Next()
		require.Equal(t, io.ErrUnexpectedEOF, err)
	}
	// What lay in blocks for reuse goes some collections later.
	for deadline := time.Now().Add(20 * time.Second); inUse()-before >= 1<<20; {
		require.True(t, time.Now().Before(deadline), "2.5 MB came")
	}
	runtime.KeepAlive(decoders)
}

func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What a message costs, in allocations: those of one part share chunks.
func TestAllocations(t *testing.T) {
	for _, c := range []struct {
		size, parts int
		most        float64
	}{
		{10, 1, 0.01}, {100, 1, 0.05}, {1000, 1, 0.2}, {3000, 1, 1.1}, {100_000, 1, 1.1}, {10, 2, 1.05}, {10, 5, 1.1},
	} {
		t.Run(fmt.Sprintf("size=%d/parts=%d", c.size, c.parts), func(t *testing.T) {
			item := zmtp.Item{Body: make([]byte, c.size)}
			for range c.parts - 1 {
				item.More = append(item.More, make([]byte, c.size))
			}
			d := zmtp.NewDecoder(newEndless(encode(item)), limits)
			const batch = 1000
			next := func() {
				for range batch {
					_, _ = d.Next()
				}
			}
			next()
			require.LessOrEqual(t, testing.AllocsPerRun(5, next)/batch, c.most)
		})
	}
	d := zmtp.NewDecoder(newEndless(zmtp.AppendPing(nil, 0, nil)), limits)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		item, _ := d.Next()
		c, err := zmtp.ParseCommand(item.Body)
		if err != nil || c.Name != zmtp.Ping {
			panic("no PING")
		}
	}))
}
