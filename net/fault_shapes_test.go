// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// frames encodes a message.
func frames(all ...string) (b []byte) {
	for i, text := range all {
		flags := byte(zmtp.FlagMore)
		if i == len(all)-1 {
			flags = 0
		}
		b = zmtp.AppendFrame(b, flags, []byte(text))
	}
	return b
}

// odd are messages that are no request, no reply, or hardly a message.
var odd = map[string][]byte{
	"empty":               frames(""),
	"no delimiter":        frames("hello"),
	"no delimiter, parts": frames("a", "b", "c"),
	"nothing behind it":   frames("a", ""),
	"only an envelope":    frames("a", "b", ""),
	"two empty":           frames("", ""),
	"many empty":          frames(make([]string, 1000)...),
	"an id and no more":   frames("\x00\x00\x00\x01", ""),
	"an odd id":           frames("\x00\x00\x01", "", "x"),
	"an id that is none":  frames("\x00\x00\x00\x00", "", "x"),
	"like a subscription": frames("\x01", "\x00"),
	"all there may be":    frames(make([]string, 1<<16)...),
	"a long envelope":     frames(append(slices.Repeat([]string{"e"}, 1<<16-2), "", "x")...),
}

// legalPeers are the types of remote sockets that a kind may talk to.
var legalPeers = map[string][]string{
	"ROUTER": {"REQ", "DEALER", "ROUTER"},
	"DEALER": {"REP", "DEALER", "ROUTER"},
	"REP":    {"REQ", "DEALER"},
	"REQ":    {"REP", "ROUTER"},
	"XPUB":   {"XSUB", "SUB"},
}

// Messages of any shape, from any peer, are received, or dropped; the link stays, and the
// honest peer has no trouble (B-BAD-32, B-BAD-33, D-REQ-08, D-RTR-05).
func TestFaultOddMessages(t *testing.T) {
	for _, scheme := range schemes {
		for kind, peers := range legalPeers {
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				w := newWard(t, kind, scheme.addr(t))
				w.during(func() {
					for _, peer := range peers {
						b := dialBare(t, w.addr)
						b.shake(peer)
						if kind == "REQ" {
							b.serve()
						}
						for name, message := range odd {
							t.Log(peer, name)
							b.say(message...)
							if kind != "REQ" {
								b.requireHeard(name)
							}
						}
						gone := w.news.count(mq.EventDisconnected)
						b.Close()
						w.news.await(t, mq.EventDisconnected, gone+1)
					}
				})
				w.requirePeace()
				require.Empty(t, w.news.of(mq.EventHandshakeFailed))
				require.Equal(t, len(peers), w.news.count(mq.EventDisconnected), "by themselves")
			})
		}
	}
}

// requireHeard makes sure that the link is up, and that what was said before has been read.
func (b *bare) requireHeard(text string) {
	b.t.Helper()
	text = text[:min(len(text), 16)]
	b.say(zmtp.AppendPing(nil, 0, []byte(text))...)
	for {
		item := b.next()
		if !item.Command {
			continue
		}
		if c, err := zmtp.ParseCommand(item.Body); err == nil && c.Name == zmtp.Pong {
			require.Equal(b.t, text, string(c.Data))
			return
		}
	}
}

// serve answers requests as they should be, until the connection is closed.
func (b *bare) serve() {
	done := make(chan struct{})
	b.t.Cleanup(func() { b.Close(); <-done })
	go func() {
		defer close(done)
		for {
			item, err := b.decoder.Next()
			if err != nil {
				return
			}
			if !item.Command {
				b.say(zmtp.AppendMessage(nil, item.Body, item.More)...)
			}
		}
	}()
}

// Messages of more parts than there may be end the link, whatever the parts are:
// F-FRM-04.
func TestFaultTooManyParts(t *testing.T) {
	long := map[string][]byte{
		"empty parts":   slices.Repeat([]byte{1, 0}, 1<<16+1),
		"envelope":      frames(append(slices.Repeat([]string{"e"}, 1<<16-1), "", "x")...),
		"long identity": frames(append([]string{"e", ""}, slices.Repeat([]string{"e"}, 1<<16-1)...)...),
		"subscription":  slices.Repeat([]byte{1, 1, 1}, 1<<16+1),
	}
	for _, scheme := range schemes {
		for kind, peers := range legalPeers {
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				w := newWard(t, kind, scheme.addr(t))
				w.during(func() {
					cut := 0
					for _, peer := range peers {
						for _, message := range long {
							b := dialBare(t, w.addr)
							b.shake(peer)
							b.say(message...)
							cut++
							e := w.news.await(t, mq.EventDisconnected, cut)
							require.ErrorIs(t, e.Err, mq.ErrTooLarge)
							require.ErrorContains(t, e.Err, "parts")
							b.rest()
						}
					}
				})
				w.requirePeace()
			})
		}
	}
}

// A ROUTER and a REP give back the longest envelope that there may be.
func TestFaultLongestEnvelope(t *testing.T) {
	for _, scheme := range schemes {
		for _, kind := range []string{"ROUTER", "REP"} {
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				w := newWard(t, kind, scheme.addr(t))
				b := dialBare(t, w.addr)
				b.shake("DEALER")
				b.say(odd["a long envelope"]...)
				item := b.next()
				require.Len(t, item.More, 1<<16-1)
				require.Equal(t, "e", string(item.Body))
				require.Equal(t, "x", string(item.More[1<<16-2]))
			})
		}
	}
}

// Floods of empty messages do not fill memory, whether they are received or not: F-FRM-10.
func TestFaultEmptyMessages(t *testing.T) {
	for _, scheme := range schemes {
		for kind, peers := range legalPeers {
			if kind == "REQ" || kind == "XPUB" {
				continue // these have floods of their own
			}
			t.Run(scheme.name+"/"+kind, func(t *testing.T) {
				w := newWard(t, kind, scheme.addr(t))
				for _, peer := range peers {
					b := dialBare(t, w.addr)
					b.shake(peer)
					b.serve() // it does not echo, as there are no requests; but it reads
					grown := held(func() {
						w.during(func() {
							for range 100 {
								b.say(repeated(frames(""), 1000)...)
							}
						})
					})
					require.Less(t, grown, int64(8<<20), fmt.Sprint(peer))
					b.Close()
				}
				w.requirePeace()
			})
		}
	}
}
