// SPDX-License-Identifier: MIT

package zmtp

import (
	"bytes"
	"encoding/binary"
)

// AppendSubscription appends what tells a publisher of version v that this side wants messages that begin with prefix, or
// does not any more: a command to 3.1, a message to older ones (37, The Publish-Subscribe Pattern).
func AppendSubscription(b []byte, v Version, prefix string, on bool) []byte {
	if v >= V31 {
		if on {
			return AppendCommand(b, Subscribe, prefix)
		}
		return AppendCommand(b, Cancel, prefix)
	}
	b = AppendHeader(b, 0, 1+len(prefix))
	if on {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return append(b, prefix...)
}

// Subscription reports whether an item that came to a publisher is a subscription, on, or the end of one. libzmq uses both
// forms on one connection whatever version was agreed, so both are taken. prefix is part of the item's body.
func Subscription(item Item) (prefix []byte, on, ok bool) {
	if !item.Command {
		if len(item.More) > 0 || len(item.Body) == 0 || item.Body[0] > 1 {
			return nil, false, false
		}
		return item.Body[1:], item.Body[0] == 1, true
	}
	c, err := ParseCommand(item.Body)
	if err != nil || c.Name != Subscribe && c.Name != Cancel {
		return nil, false, false
	}
	return c.Data, c.Name == Subscribe, true
}

// longSubscription reads a header that libzmq up to 4.3.4 gets wrong: SUBSCRIBE with a topic of 246 to 255 bytes, and
// CANCEL with 249 to 255, have a length of 8 bytes, but not the flag that says so. Read as it stands, that is an empty
// command, which is malformed; so nothing else can be meant by it. b begins as an empty command does. maybe is true if what
// is there fits so far, and is not enough to tell.
func longSubscription(b []byte) (h header, ok, maybe bool) {
	length := b[1:min(len(b), longHeader)]
	for i, c := range length { // 0x100 to 0x109, big endian
		if i < 6 && c != 0 || i == 6 && c != 1 || i == 7 && c > 9 {
			return header{}, false, false
		}
	}
	name := b[1+len(length):]
	for _, known := range longNames {
		if bytes.HasPrefix(name, known) {
			return header{FlagCommand | FlagLong, longHeader, binary.BigEndian.Uint64(length)}, true, false
		}
		maybe = maybe || bytes.HasPrefix(known, name)
	}
	return header{}, false, maybe
}

var longNames = [][]byte{[]byte("\x09" + Subscribe), []byte("\x06" + Cancel)}
