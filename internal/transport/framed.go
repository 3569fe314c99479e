// SPDX-License-Identifier: MIT

package transport

import "unsafe"

// Framer is a Peer that stands for a remote one. What a publisher has for several of them it
// lets one of them write as it goes over the network, so that none of the others has to.
type Framer interface {
	Peer
	// Frame returns m as all Framers send it, in memory from r, or m itself where that is
	// no use. It may be called while others call it, with another r.
	Frame(r *Roll, m Msg) Msg
}

// Roll is memory in which messages are framed one behind the other, so that those that go to
// a peer in turn can often be written from there in one piece. A message that waits for a
// slow peer keeps one block of it.
type Roll struct {
	free []byte // the rest of a block; its last byte is never used
}

// Room returns a slice of no length to which n bytes can be appended. If the block has not so
// much left, it comes from block, which returns a new one of more than n bytes.
func (r *Roll) Room(n int, block func() []byte) []byte {
	if n >= len(r.free) {
		r.free = block()
	}
	room := r.free[:0:n]
	r.free = r.free[n:]
	return room
}

// Framed makes the message of frames, which are not empty. Only [Msg.Frames] can be asked
// what is in it.
func Framed(frames []byte) Msg {
	return Msg{unsafe.Pointer(unsafe.SliceData(frames)), framed - len(frames)}
}

// Frames returns the frames of a message that Framed has made; ok is false for others.
func (m Msg) Frames() (frames []byte, ok bool) {
	if m.n > framed || m.n < inLent {
		return nil, false
	}
	return unsafe.Slice((*byte)(m.p), framed-m.n), true
}

// Extend returns run, made longer by frames, if both are from a [Roll], and frames lie right
// behind it. Two blocks never touch, as the last byte of each is not used.
func Extend(run, frames []byte) (longer []byte, ok bool) {
	first := unsafe.Pointer(unsafe.SliceData(run))
	if len(run) == 0 || unsafe.Add(first, len(run)) != unsafe.Pointer(unsafe.SliceData(frames)) {
		return run, false
	}
	return unsafe.Slice((*byte)(first), len(run)+len(frames)), true
}
