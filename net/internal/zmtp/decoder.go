// SPDX-License-Identifier: MIT

package zmtp

import (
	"fmt"
	"io"
	"math"
)

// Limits bound what one peer can make a Decoder hold. All are at least 1.
type Limits struct {
	Message int64 // bytes of all parts of one message together
	Parts   int   // parts of one message
	Command int   // bytes of a command's body, once the handshake is over
}

// Item is a whole message, or a command. Its bytes belong to whoever gets it, for ever.
type Item struct {
	Command bool
	Body    []byte   // the first part, or the command's body
	More    [][]byte // further parts; nil if there are none
}

// Decoder turns what is read from a connection into messages and commands. It is used by one goroutine.
type Decoder struct {
	input
	chunk  chunk
	limits Limits
	cipher Cipher // nil if frames come in clear

	quick   int  // longest message that nextQuick may return, -1 if something is in its way
	shaking bool // in a handshake: only its commands are legal
	waiting bool // ahead holds an item
	ahead   Item // decoded by Buffered, for Next

	held [][]byte // parts of the message that is arriving
	size uint64   // bytes of held
	err  error    // what ended it all; the input is empty from then on
}

// NewDecoder returns a Decoder of what r brings. It panics if a limit is below 1.
func NewDecoder(r io.Reader, limits Limits) *Decoder {
	if limits.Message < 1 || limits.Parts < 1 || limits.Command < 1 {
		panic(fmt.Sprintf("zmtp: limits below 1: %+v", limits))
	}
	limits.Message = min(limits.Message, math.MaxInt)
	d := &Decoder{input: input{r: r}, chunk: chunk{size: chunkMin}, limits: limits}
	d.settle()
	return d
}

// Next returns the next item. It reads only if no whole item is there yet, and blocks as long as the reader does.
//
// A command between two parts of a message comes first: it is returned at once, and the message when it is whole. The end
// of the input is io.EOF between items, and io.ErrUnexpectedEOF within one; the parts that were there are dropped. After
// an error, every further call returns that same error.
func (d *Decoder) Next() (Item, error) {
	if body, ok := d.nextQuick(); ok {
		return Item{Body: body}, nil
	}
	return d.nextItem()
}

// Buffered reports whether Next would return an item or an error without reading.
func (d *Decoder) Buffered() bool {
	b := d.buf[d.start:d.end]
	if len(b) >= shortHeader && b[0] == 0 && int(b[1]) <= d.quick && shortHeader+int(b[1]) <= len(b) {
		return true
	}
	if !d.waiting && d.err == nil {
		d.ahead, d.waiting = d.pull(false)
		d.settle()
	}
	return d.waiting || d.err != nil
}

// nextQuick returns a message of one short part, if nothing else is going on.
func (d *Decoder) nextQuick() ([]byte, bool) {
	b := d.buf[d.start:d.end]
	if len(b) < shortHeader || b[0] != 0 {
		return nil, false
	}
	n := int(b[1])
	if n > d.quick || shortHeader+n > len(b) {
		return nil, false
	}
	d.start += shortHeader + n
	return d.chunk.keep(b[shortHeader : shortHeader+n]), true
}

func (d *Decoder) nextItem() (Item, error) {
	item, ok := d.ahead, d.waiting
	if ok {
		d.ahead, d.waiting = Item{}, false
	} else {
		item, ok = d.pull(true)
	}
	d.settle()
	if !ok {
		return Item{}, d.err
	}
	return item, nil
}

// settle sets quick, after anything it depends on may have changed.
func (d *Decoder) settle() {
	d.quick = int(min(d.limits.Message, shortMax))
	if d.cipher != nil || d.waiting || d.shaking || len(d.held) > 0 {
		d.quick = -1
	}
}

// pull returns the next item. ok is false if there is none: because of d.err, or because it had to read and may not.
func (d *Decoder) pull(read bool) (item Item, ok bool) {
	for d.err == nil {
		flags, body, own, ok := d.frame(read)
		if !ok {
			return Item{}, false
		}
		if d.cipher != nil {
			if flags, body, ok = d.open(body); !ok {
				return Item{}, false
			}
			own = true
		}
		if flags&FlagCommand != 0 {
			if err := checkCommand(body); err != nil {
				d.fail(err)
				return Item{}, false
			}
		}
		if !own {
			body = d.chunk.keep(body)
		}
		switch {
		case flags&FlagCommand != 0:
			return Item{Command: true, Body: body}, true
		case flags&FlagMore == 0 && len(d.held) == 0:
			return Item{Body: body}, true
		}
		d.held = append(d.held, body)
		d.size += uint64(len(body))
		if flags&FlagMore == 0 {
			return d.assemble(), true
		}
	}
	return Item{}, false
}

// assemble makes a message of the parts that are held.
func (d *Decoder) assemble() Item {
	more := make([][]byte, len(d.held)-1)
	copy(more, d.held[1:])
	item := Item{Body: d.held[0], More: more}
	d.drop()
	return item
}

// heldMax is how many parts there is always room for, so that most messages need no other.
const heldMax = 64

// drop forgets the parts that are held.
func (d *Decoder) drop() {
	clear(d.held)
	d.held, d.size = d.held[:0], 0
	if cap(d.held) > heldMax {
		d.held = nil
	}
}

// fail ends it all with err.
func (d *Decoder) fail(err error) {
	d.err = err
	d.drop()
	d.held = nil
	d.input = input{}
	d.chunk.free = nil
}

// checkFlags says what is wrong with the first byte of a frame.
func (d *Decoder) checkFlags(flags byte) error {
	switch command := flags&FlagCommand != 0; {
	case flags&^(FlagMore|FlagLong|FlagCommand) != 0:
		return fmt.Errorf("%w: reserved bits in the flags %#02x of a frame", ErrProtocol, flags)
	case command && flags&FlagMore != 0:
		return errCommandMore
	case d.shaking && !command:
		return fmt.Errorf("%w: a message before the handshake was over", ErrProtocol)
	case d.cipher != nil && flags&^FlagLong != 0:
		return fmt.Errorf("%w: flags %#02x of a frame where only sealed ones are legal", ErrProtocol, flags)
	}
	return nil
}

var errCommandMore = fmt.Errorf("%w: a command with MORE", ErrProtocol)

// checkLength says what is wrong with a frame of which the header has come.
func (d *Decoder) checkLength(h header) error {
	switch {
	case d.shaking:
		return tooLarge("command of the handshake", h.n, handshakeMax)
	case d.cipher == nil:
		return d.checkLimits(h.flags, h.n)
	}
	most := max(uint64(d.limits.Message)-d.size, uint64(d.limits.Command))
	return tooLarge("sealed frame", h.n, min(most+uint64(d.cipher.Overhead()), math.MaxInt))
}

// checkLimits says what is wrong with n more bytes, of a command or on top of the parts that are held.
func (d *Decoder) checkLimits(flags byte, n uint64) error {
	switch {
	case flags&FlagCommand != 0 && n == 0:
		return errEmptyCommand
	case flags&FlagCommand != 0:
		return tooLarge("command", n, uint64(d.limits.Command))
	case len(d.held) >= d.limits.Parts:
		return fmt.Errorf("%w: a message of more than %d parts", ErrTooLarge, d.limits.Parts)
	case n > uint64(d.limits.Message)-d.size:
		return fmt.Errorf("%w: a part of %d bytes after %d of a message, of which %d are allowed",
			ErrTooLarge, n, d.size, d.limits.Message)
	}
	return nil
}

func tooLarge(what string, n, limit uint64) error {
	if n <= limit {
		return nil
	}
	return fmt.Errorf("%w: a %s of %d bytes, of which %d are allowed", ErrTooLarge, what, n, limit)
}
