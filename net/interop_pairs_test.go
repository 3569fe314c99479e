// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// shapes are messages that a codec may get wrong (B-GLD-10, 11).
var shapes = []struct {
	name  string
	parts [][]byte
}{
	{"one part", parts("hello")},
	{"several parts", parts("a", "bc", "\x00\xff", "def")},
	{"empty", parts("")},
	{"empty parts", parts("", "x", "", "", "y", "")},
	{"nothing but empty parts", parts("", "", "")},
	{"255 bytes", [][]byte{noise(255)}},
	{"256 bytes", [][]byte{noise(256)}},
	{"255 and 256 bytes", [][]byte{noise(256), noise(255), {}, noise(257)}},
	{"like a subscription", parts("\x01a", "\x00")},
	{"1000 parts", make([][]byte, 1000)},
	{"1 MiB", [][]byte{noise(1 << 20)}},
	{"1 MiB between small parts", [][]byte{noise(3), noise(1 << 20), {}, noise(5)}},
}

// small are those without a megabyte.
var small = shapes[:len(shapes)-2]

// noise is n bytes, always the same.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// Every legal pair, whoever binds, passes messages of every shape unchanged both ways.
// (A-ALL-01, A-ALL-04, A-PAIR-03, A-REQ-03 to 05, A-REP-02, A-REP-04, A-PUB-08)
func TestLibzmqShapes(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		for _, side := range sides {
			t.Run(scheme.name+"/"+side.name, func(t *testing.T) {
				t.Parallel()
				for _, pair := range pairs {
					t.Run(pair[0]+"-"+pair[1], func(t *testing.T) {
						l := newLine(t, p, pair)
						l.join(t, side.mq, scheme.addr(t))
						for _, shape := range shapes {
							t.Log(shape.name)
							l.round(t, shape.parts...)
						}
						require.Zero(t, l.mq.Stats().Dropped)
						require.NoError(t, l.zmq.Close())
					})
				}
			})
		}
	}
}

// Many messages arrive, each once and in order (A-ALL-06, A-ALL-07).
func TestLibzmqNumbers(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for i, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			for j, pair := range pairs {
				t.Run(pair[0]+"-"+pair[1], func(t *testing.T) {
					n, turns := 10_000, pair[0] == "REQ" || pair[1] == "REQ"
					if turns && (i+j)%2 == 0 {
						n = 1000 // over the other scheme it is 10,000: turns take their time
					}
					// PUB and REP, which do not wait, have room.
					l := newLine(t, p, pair, mq.WithSendHWM(2*n))
					l.join(t, (i+j)%2 == 0, scheme.addr(t))
					l.numbers(t, n)
					require.Zero(t, l.mq.Stats().Dropped)
					require.NoError(t, l.zmq.Close())
				})
			}
		})
	}
}

// The same for sockets whose messages are framed by the application, and for
// subscriptions. (A-DLR-03, A-RTR-10, A-RTR-12, A-XPB-07, A-XPB-14, A-XSB-07, A-XSB-12,
// D-XPB-09)
func TestLibzmqFamilyShapes(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		for _, side := range sides {
			t.Run(scheme.name+"/"+side.name, func(t *testing.T) {
				t.Parallel()
				for _, pair := range familyPairs {
					t.Run(pair[0]+"-"+pair[1], func(t *testing.T) {
						c := newCouple(t, p, pair)
						c.join(t, side.mq, scheme.addr(t))
						for _, shape := range shapes {
							t.Log(shape.name)
							c.round(t, shape.parts...)
						}
						require.Zero(t, c.mq.Stats().Dropped)
						require.NoError(t, c.zmq.Close())
					})
				}
			})
		}
	}
}

// And so do many of them (A-DLR-14, A-RTR-13, A-XSB-13).
func TestLibzmqFamilyNumbers(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for i, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			for j, pair := range familyPairs {
				t.Run(pair[0]+"-"+pair[1], func(t *testing.T) {
					const n = 10_000
					c := newCouple(t, p, pair, mq.WithSendHWM(2*n)) // most of them do not wait
					c.join(t, (i+j)%2 == 0, scheme.addr(t))
					c.many(t, n)
					require.Zero(t, c.mq.Stats().Dropped)
					require.NoError(t, c.zmq.Close())
				})
			}
		})
	}
}

const numberSize = 10 // bytes

// numbers sends n small messages each way that there is.
func (l *line) numbers(t *testing.T, n int) {
	t.Helper()
	switch l.own {
	case "REQ":
		require.NoError(t, l.zmq.Echo())
		for i := range n {
			sendOwn(t, l.mq, pyzmq.Number(i, numberSize))
			l.wantNumber(t, i)
		}
		return
	case "REP":
		l.answerNumbers(t, n)
		return
	}
	var wg sync.WaitGroup
	if kinds[l.own].sends {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), longest)
			defer cancel()
			for i := range n {
				assert.NoError(t, l.mq.Send(ctx, mq.NewMessage(pyzmq.Number(i, numberSize))))
			}
		})
		l.wantNumbers(t, n)
		wg.Wait()
	}
	if kinds[l.own].receives {
		wg.Go(func() { assert.NoError(t, l.zmq.SendNumbers(n, numberSize, longest)) })
		for i := range n {
			l.wantNumber(t, i)
		}
		wg.Wait()
	}
}

// answerNumbers is for a REP. A DEALER does not wait for the answers.
func (l *line) answerNumbers(t *testing.T, n int) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() {
		if l.theirs == "DEALER" {
			assert.NoError(t, l.zmq.SendNumbers(n, numberSize, longest, l.envelope...))
			return
		}
		for i := range n {
			assert.NoError(t, l.zmq.Send(pyzmq.Number(i, numberSize)))
			got, err := l.zmq.Recv(longest)
			assert.NoError(t, err)
			assert.Equal(t, [][]byte{pyzmq.Number(i, numberSize)}, got)
		}
	})
	for i := range n {
		l.wantNumber(t, i)
		sendOwn(t, l.mq, pyzmq.Number(i, numberSize))
	}
	wg.Wait()
	if l.theirs == "DEALER" {
		l.wantNumbers(t, n)
	}
}

// wantNumber receives a number at mq.
func (l *line) wantNumber(t *testing.T, i int) {
	t.Helper()
	m := recvOwn(t, l.mq)
	if m.Len() != 1 || string(m.Data) != string(pyzmq.Number(i, numberSize)) {
		t.Fatal("want number "+strconv.Itoa(i)+", got", m)
	}
}

// wantNumbers receives numbers at libzmq.
func (l *line) wantNumbers(t *testing.T, n int) {
	t.Helper()
	got, err := l.zmq.RecvNumbers(n, longest)
	require.NoError(t, err)
	got.Elapsed = 0
	require.Equal(t, pyzmq.Numbers{
		Count: n, Distinct: n, Last: n - 1, Ordered: true, Complete: true, Bytes: n * numberSize,
	}, got)
}
