// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/seedmq/mq/net/internal/zmtp"
)

var sizes = []int{10, 1000, 100_000}

// endless brings the same frames again and again, and as much at a time as it is asked for.
type endless struct {
	frames []byte
	at     int
}

func newEndless(frame []byte) *endless {
	return &endless{frames: bytes.Repeat(frame, 1+(1<<20)/len(frame))}
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.frames[e.at:])
	if e.at += n; e.at == len(e.frames) {
		e.at = 0
	}
	return n, nil
}

func BenchmarkDecode(b *testing.B) {
	for _, size := range sizes {
		body := make([]byte, size)
		for parts, more := range [][][]byte{nil, {body}} {
			b.Run(fmt.Sprintf("size=%d/parts=%d", size, parts+1), func(b *testing.B) {
				frame := zmtp.AppendMessage(nil, body, more)
				d := zmtp.NewDecoder(newEndless(frame), limits)
				b.SetBytes(int64(len(frame)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := d.Next(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkBuffered is BenchmarkDecode as a session does it, which asks whether it is time to flush.
func BenchmarkBuffered(b *testing.B) {
	frame := zmtp.AppendMessage(nil, make([]byte, 10), nil)
	d := zmtp.NewDecoder(newEndless(frame), limits)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	flushes := 0
	for b.Loop() {
		if _, err := d.Next(); err != nil {
			b.Fatal(err)
		}
		if !d.Buffered() {
			flushes++
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			body := make([]byte, size)
			out := make([]byte, 0, 256<<10)
			b.SetBytes(int64(zmtp.MessageSize(body, nil)))
			b.ReportAllocs()
			for b.Loop() {
				if len(out)+size > 64<<10 {
					out = out[:0]
				}
				out = zmtp.AppendMessage(out, body, nil)
			}
		})
	}
}

func BenchmarkHandshake(b *testing.B) {
	stream := append(bytes.Clone(greetLibzmq), readyDealer...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := zmtp.Handshake(zmtp.NewDecoder(bytes.NewReader(stream), limits), io.Discard, zmtp.Config{SocketType: "ROUTER"}); err != nil {
			b.Fatal(err)
		}
	}
}
