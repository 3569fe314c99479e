// SPDX-License-Identifier: MIT

// Package cutter is a proxy for tests: it stands between who connects and who
// listens, forwards bytes both ways, and breaks or delays connections on purpose,
// after exactly the byte it was told.
//
//	p, err := cutter.New("tcp", "127.0.0.1:0", "tcp", target)
//	defer p.Close()
//	p.SetPlan(func(n int) cutter.Plan {
//		if n == 0 {
//			return cutter.Plan{CutUp: cutter.After(64), Break: cutter.RST}
//		}
//		return cutter.Plan{}
//	})
//	// connect to p.Addr()
//
// Up is the direction from the connector to the target, down the way back. To
// break a session at each of its bytes, let one pass whole, ask [Proxy.Bytes] for
// its length, and run it again with [After] 0, 1, 2 and so on.
//
// Left alone, it is faithful: bytes keep their order, an end of stream (FIN) is
// handed on in its direction only, and a reset on one side resets the other.
package cutter

import "time"

// Plan says what becomes of one connection. The zero Plan forwards everything, at
// once and to the end.
type Plan struct {
	CutUp, CutDown Mark          // where in each direction the connection breaks
	Break          Break         // how it does, at whichever mark comes first
	Delay          time.Duration // how long each chunk is held back, one after the other
	Chunk          int           // bytes forwarded at a time, at most; 0 = as they come
}

// Mark is a place in a stream of bytes. The zero Mark is nowhere; see [After].
type Mark int64

// After is the place behind the first n bytes, n >= 0. A connection that is cut
// there forwards these n bytes and breaks without waiting for another;
// [After](0) breaks it as soon as the target is connected.
func After(n int64) Mark {
	if n < 0 {
		panic("cutter: a mark before the first byte")
	}
	return Mark(n + 1)
}

// left is how many of the next limit bytes come before the mark, when done bytes
// have passed.
func (m Mark) left(done int64, limit int) int {
	if m == 0 {
		return limit
	}
	return int(min(int64(limit), int64(m)-1-done))
}

// Break is a way in which a connection ends.
type Break int

const (
	// FIN closes both sides in order: what was forwarded arrives, followed by the
	// end of the stream. What the peers still send is taken for a short while and
	// thrown away.
	FIN Break = iota
	// RST resets both sides. What the receiver's kernel had not taken yet is lost
	// with it. Without TCP it is a close that waits for nothing.
	RST
	// HalfClose ends only the direction in which the mark was reached. Its receiver
	// sees the end of the stream, its sender notices nothing, and what it goes on to
	// send is thrown away. The other direction stays as it is.
	HalfClose
	// Blackhole forwards nothing any more in either direction, takes nothing, and
	// tells nobody: both sides stay open, as they are when a host has vanished,
	// until [Proxy.Cut] or [Proxy.Close] ends them.
	Blackhole
)
