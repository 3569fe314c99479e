// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/zmtp"
)

// id is the name of a lane or of a stream.
type id = [16]byte

// shakePipeline is the handshake of a peer that speaks PIPELINE.md, and has connected.
func (b *bare) shakePipeline(kind string, lane id, attempt uint64) {
	b.t.Helper()
	peer, err := zmtp.Handshake(b.decoder, b, zmtp.Config{SocketType: kind, Properties: []zmtp.Property{
		{Name: zmtp.PipelineProperty, Value: zmtp.AppendLane(nil, lane, attempt)},
	}})
	require.NoError(b.t, err)
	theirs, _, ok := peer.Pipeline()
	require.True(b.t, ok)
	require.Empty(b.t, theirs, "who accepts names no lane")
}

// command is the next item, which has to be that command.
func (b *bare) command(name string) []byte {
	b.t.Helper()
	item := b.next()
	require.True(b.t, item.Command, "a message instead of %s", name)
	c, err := zmtp.ParseCommand(item.Body)
	require.NoError(b.t, err)
	require.Equal(b.t, name, c.Name)
	return c.Data
}

// start reads the answer to MQ-RESUME.
func (b *bare) start(from uint64) (stream id) {
	b.t.Helper()
	stream, n, err := zmtp.ParseStart(b.command(zmtp.Start))
	require.NoError(b.t, err)
	require.Equal(b.t, from, n)
	return stream
}

// messages reads so many, the first of them a number.
func (b *bare) messages(first, n int) {
	b.t.Helper()
	for i := range n {
		item := b.next()
		require.False(b.t, item.Command)
		require.Equal(b.t, fmt.Sprint(first+i), string(item.Body))
	}
}

// quiet makes sure that nothing comes before the answer to a PING.
func (b *bare) quiet() {
	b.t.Helper()
	b.say(zmtp.AppendPing(nil, 0, []byte("quiet?"))...)
	require.Equal(b.t, "quiet?", string(b.command(zmtp.Pong)))
}

func pushNumbers(t *testing.T, n int, opts ...mq.Option) mq.Socket {
	push := makers["PUSH"](t, opts...)
	for i := range n {
		require.NoError(t, push.Send(soon(t), mq.Text(fmt.Sprint(i))))
	}
	return push
}

// TestPipelineConversation is what a PUSH says to a PULL, word by word: it sends no more
// than it may, goes on where the PULL is, and begins anew with one that it does not know.
func TestPipelineConversation(t *testing.T) {
	push := pushNumbers(t, 20, mq.WithRedelivery(never))
	require.NoError(t, push.Bind("tcp://127.0.0.1:0"))
	lane, nobody := id{1}, id{2}

	first := dialBare(t, push.Addr())
	first.shakePipeline("PULL", lane, 1)
	first.quiet()
	first.say(zmtp.AppendResume(nil, nobody, 0, 0, 3)...)
	stream := first.start(1)
	first.messages(0, 3)
	first.quiet()
	first.say(zmtp.AppendAck(nil, 2, 5)...)
	first.messages(3, 2)
	first.quiet()
	require.Equal(t, 3, push.Stats().InFlight)
	require.EqualValues(t, 2, push.Stats().Acknowledged)

	again := dialBare(t, push.Addr()) // while the PUSH takes the first for alive
	again.shakePipeline("PULL", lane, 2)
	again.say(zmtp.AppendResume(nil, stream, 3, 2, 4)...)
	require.Equal(t, stream, again.start(4))
	first.rest()
	again.messages(3, 4)
	again.quiet()
	require.EqualValues(t, 2, push.Stats().Resent)

	stale := dialBare(t, push.Addr())
	stale.shakePipeline("PULL", lane, 1)
	stale.say(zmtp.AppendResume(nil, stream, 0, 0, 4)...)
	stale.rest()
	again.say(zmtp.AppendLastAck(nil, 4, 5)...)
	eventually(t, func() bool { return push.Stats().InFlight == 0 }, "the rest is back")
	again.Close()

	last := dialBare(t, push.Addr())
	last.shakePipeline("PULL", id{3}, 1)
	last.say(zmtp.AppendResume(nil, nobody, 7, 7, 100)...)
	last.start(1)
	require.Empty(t, last.command(zmtp.Again))
	last.messages(4, 16)
	last.say(zmtp.AppendAck(nil, 16, 100)...)
	eventually(t, func() bool { return push.Stats().Acknowledged == 20 }, "all is done")
	require.NoError(t, push.Close())
}

// Who does not speak of it gets plain ZMTP, byte for byte.
func TestPipelinePlain(t *testing.T) {
	push := pushNumbers(t, 3)
	require.NoError(t, push.Bind("tcp://127.0.0.1:0"))
	b := dialBare(t, push.Addr())
	b.shake("PULL")
	b.messages(0, 3)
	b.quiet()
	require.Equal(t, mq.Stats{Sent: 3, Peers: 1}, push.Stats())
	b.Close()
}

// What a PULL says that cannot be ends its connection, and takes no message along: F-CMD.
func TestFaultPipelinePull(t *testing.T) {
	huge := ^uint64(0)
	resume := zmtp.AppendResume(nil, id{9}, 0, 0, 2)
	for name, says := range map[string][]byte{
		"an acknowledgement first":    zmtp.AppendAck(nil, 0, 9),
		"a last one first":            zmtp.AppendLastAck(nil, 0, 0),
		"MQ-RESUME twice":             join(resume, resume),
		"more than was sent":          join(resume, zmtp.AppendAck(nil, 3, 9)),
		"much more than was sent":     join(resume, zmtp.AppendAck(nil, huge, huge)),
		"less than before":            join(resume, zmtp.AppendAck(nil, 1, 9), zmtp.AppendAck(nil, 0, 9)),
		"two last ones":               join(resume, zmtp.AppendLastAck(nil, 0, 0), zmtp.AppendLastAck(nil, 0, 0)),
		"a last one of too much":      join(resume, zmtp.AppendLastAck(nil, huge, huge)),
		"a short MQ-RESUME":           zmtp.AppendCommand(nil, zmtp.Resume, make([]byte, 39)),
		"a long MQ-RESUME":            zmtp.AppendCommand(nil, zmtp.Resume, make([]byte, 41)),
		"a short acknowledgement":     join(resume, zmtp.AppendCommand(nil, zmtp.Ack, make([]byte, 15))),
		"an impossible one":           join(resume, zmtp.AppendCommand(nil, zmtp.Ack, make([]byte, 17))),
		"credit beyond all numbers":   join(zmtp.AppendResume(nil, id{9}, huge, huge, huge), zmtp.AppendAck(nil, huge, 1)),
		"the credit of two MQ-RESUME": join(zmtp.AppendResume(nil, id{9}, 0, 0, huge), zmtp.AppendResume(nil, id{9}, 0, 0, huge)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var news news
			push := pushNumbers(t, 5, news.option(), mq.WithRedelivery(0))
			require.NoError(t, push.Bind("ipc://*"))
			b := dialBare(t, push.Addr())
			b.shakePipeline("PULL", id{7}, 1)
			b.say(says...)
			b.rest()
			require.ErrorIs(t, news.await(t, mq.EventDisconnected, 1).Err, mq.ErrProtocol)
			pull := makers["PULL"](t)
			require.NoError(t, pull.Connect(push.Addr()))
			got := map[string]bool{}
			for len(got) < 5-int(push.Stats().Acknowledged) {
				m, err := pull.Recv(soon(t))
				require.NoError(t, err)
				got[string(m.Data)] = true
			}
		})
	}
}

// A PUSH may send no more than it was given leave to, and not before it has said where it
// begins.
func TestFaultPipelinePush(t *testing.T) {
	frame := zmtp.AppendFrame(nil, 0, []byte("x"))
	start := zmtp.AppendStart(nil, id{5}, 1)
	for name, says := range map[string][]byte{
		"a message first":       frame,
		"one too many":          join(start, frame, frame, frame, frame, frame),
		"MQ-START twice":        join(start, start),
		"not the beginning":     zmtp.AppendStart(nil, id{5}, 2),
		"before the beginning":  zmtp.AppendStart(nil, id{5}, 0),
		"no stream":             zmtp.AppendStart(nil, id{}, 1),
		"a short MQ-START":      zmtp.AppendCommand(nil, zmtp.Start, make([]byte, 23)),
		"a message of MQ-AGAIN": join(zmtp.AppendAgain(nil), frame),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var news news
			pull := makers["PULL"](t, news.option())
			require.NoError(t, pull.Bind("ipc://*"))
			b := dialBare(t, pull.Addr())
			b.shakePipeline("PUSH", id{7}, 1)
			_, delivered, done, credit, err := zmtp.ParseResume(b.command(zmtp.Resume))
			require.NoError(t, err)
			require.Equal(t, []uint64{0, 0, 4}, []uint64{delivered, done, credit})
			b.say(says...)
			b.rest()
			require.ErrorIs(t, news.await(t, mq.EventDisconnected, 1).Err, mq.ErrProtocol)
		})
	}
}

// A property that makes no sense is that of a peer which does not speak of this.
func TestFaultPipelineProperty(t *testing.T) {
	for _, value := range []string{"", "\x00", "\x01short", "\x00" + string(make([]byte, 24)), "\x01" + string(make([]byte, 25))} {
		push := pushNumbers(t, 1)
		require.NoError(t, push.Bind("ipc://*"))
		b := dialBare(t, push.Addr())
		b.say(join(greeting, ready("Socket-Type", "PULL", zmtp.PipelineProperty, value))...)
		eventually(t, func() bool { return push.Stats().Queued == 0 }, "it is sent at once")
		require.Zero(t, push.Stats().InFlight)
		b.Close()
	}
}

// What a PULL has not received is forgotten when the connection is lost, as the PUSH has it
// still; and kept if the PUSH has said farewell.
func TestPipelinePushGone(t *testing.T) {
	for _, farewell := range []bool{false, true} {
		pull := makers["PULL"](t)
		require.NoError(t, pull.Bind("tcp://127.0.0.1:0"))
		b := dialBare(t, pull.Addr())
		b.shakePipeline("PUSH", id{7}, 1)
		b.command(zmtp.Resume)
		b.say(zmtp.AppendStart(nil, id{5}, 1)...)
		for _, x := range []string{"0", "1", "2"} {
			b.say(zmtp.AppendFrame(nil, 0, []byte(x))...)
		}
		m, err := pull.Recv(soon(t))
		require.NoError(t, err)
		require.Equal(t, "0", m.String())
		eventually(t, func() bool { return pull.Stats().Pending == 2 }, "the others have come")
		if farewell {
			b.say(zmtp.AppendStop(nil)...)
			for last := false; !last; {
				done, upTo, isLast, err := zmtp.ParseAck(b.command(zmtp.Ack))
				require.NoError(t, err)
				if last = isLast; last {
					require.Equal(t, []uint64{3, 3}, []uint64{done, upTo})
				}
			}
		}
		b.Close()
		eventually(t, func() bool { return pull.Stats().Peers == 0 }, "it is gone")
		if !farewell {
			require.Zero(t, pull.Stats().Pending)
			continue
		}
		for _, x := range []string{"1", "2"} {
			m, err := pull.Recv(soon(t))
			require.NoError(t, err)
			require.Equal(t, x, m.String())
		}
	}
}

// A PULL that takes all and confirms nothing gets no more than the window of the PUSH, which
// has to remember it.
func TestFaultPipelineGreedy(t *testing.T) {
	push := pushNumbers(t, 20, mq.WithWindow(8))
	require.NoError(t, push.Bind("ipc://*"))
	b := dialBare(t, push.Addr())
	b.shakePipeline("PULL", id{7}, 1)
	b.say(zmtp.AppendResume(nil, id{9}, 0, 0, ^uint64(0)>>1)...)
	b.start(1)
	b.messages(0, 8)
	b.say(zmtp.AppendAck(nil, 0, ^uint64(0))...)
	b.quiet()
	require.Equal(t, 8, push.Stats().InFlight)
	b.say(zmtp.AppendAck(nil, 3, ^uint64(0))...)
	b.messages(8, 3)
	b.quiet()
	require.Equal(t, 8, push.Stats().InFlight)
	b.Close()
}
