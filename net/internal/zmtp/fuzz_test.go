// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/zmtp"
)

// tight are limits that short inputs reach.
var tight = zmtp.Limits{Message: 300, Parts: 3, Command: 270}

// outcome is all that a connection came to.
type outcome struct {
	peer  zmtp.Peer
	wrote []byte
	shook bool // the handshake was completed
	items []zmtp.Item
	err   error
}

// session shakes hands over r, and takes what follows. It sees to it that Buffered is right about Next.
func session(t *testing.T, r io.Reader, c zmtp.Config, l zmtp.Limits) (o outcome) {
	reads := &watched{Reader: r}
	d := zmtp.NewDecoder(reads, l)
	var w bytes.Buffer
	o.peer, o.err = zmtp.Handshake(d, &w, c)
	o.wrote, o.shook = w.Bytes(), o.err == nil
	for {
		buffered, before := d.Buffered(), reads.reads
		item, err := d.Next()
		if buffered {
			require.Equal(t, before, reads.reads, "it was said not to read")
		} else {
			require.Greater(t, reads.reads, before, "it was said to read")
		}
		if err != nil {
			if !o.shook {
				require.Equal(t, o.err, err)
			}
			o.err = err
			return o
		}
		require.True(t, o.shook)
		o.items = append(o.items, item)
	}
}

// sessions is session however the stream arrives: that makes no difference.
func sessions(t *testing.T, stream []byte, split int, config func() zmtp.Config, l zmtp.Limits) outcome {
	o := session(t, bytes.NewReader(stream), config(), l)
	for _, r := range []io.Reader{
		iotest.OneByteReader(bytes.NewReader(stream)), sliced(stream, min(split, len(stream))), iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		other := session(t, r, config(), l)
		require.Equal(t, o.shook, other.shook)
		require.Equal(t, o.wrote, other.wrote)
		require.Equal(t, o.err.Error(), other.err.Error())
		alike(t, o.items, other.items)
		require.Equal(t, o.peer.SocketType, other.peer.SocketType)
		require.Equal(t, o.peer.Identity, other.peer.Identity)
		require.Equal(t, o.peer.Properties, other.peer.Properties)
	}
	return o
}

// measured holds what came out against what went in.
func measured(t *testing.T, items []zmtp.Item, stream []byte) {
	size := 0
	for _, item := range items {
		size += zmtp.MessageSize(item.Body, item.More)
	}
	require.LessOrEqual(t, size, len(stream))
}

func FuzzGreeting(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream []byte, two bool, split uint16) {
		c := zmtp.Config{SocketType: "ROUTER", ZMTP2: two}
		o := sessions(t, stream, int(split), func() zmtp.Config { return c }, tight)
		require.GreaterOrEqual(t, len(o.wrote), 11)
		require.Equal(t, greetNull[:11], o.wrote[:11])
		signed := len(stream) > 10 && stream[0] == 0xff && stream[9]&1 == 1
		switch {
		case len(stream) > 0 && stream[0] != 0xff:
			require.ErrorIs(t, o.err, zmtp.ErrNotZMTP)
			require.Len(t, o.wrote, 11)
		case !signed:
			require.False(t, o.shook)
			require.Len(t, o.wrote, 11)
		case stream[10] >= 3:
			require.GreaterOrEqual(t, len(o.wrote), 64)
			require.Equal(t, greetNull, o.wrote[:64])
			same := len(stream) >= 64 && bytes.Equal(stream[12:32], greetNull[12:32])
			require.Equal(t, same, len(o.wrote) > 64, "READY is for peers of the same mechanism")
		case stream[10] == 0 || !two:
			require.ErrorIs(t, o.err, zmtp.ErrNotZMTP)
		}
		require.Contains(t, sentinels, kind(t, o.err))
	})
}

func FuzzFrame(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream []byte, split uint16) {
		for _, l := range []zmtp.Limits{limits, tight} {
			agree(t, stream, l)
			want, _ := reference(stream, l)
			got, _ := drain(zmtp.NewDecoder(sliced(stream, min(int(split), len(stream))), l))
			alike(t, want, got)
			measured(t, got, stream)
			var again []byte
			for _, item := range got {
				again = append(again, encode(item)...)
			}
			require.LessOrEqual(t, len(again), len(stream))
			twice, err := decode(again, l)
			require.Equal(t, io.EOF, err)
			alike(t, got, twice)
			opened := zmtp.AppendSealed(nil, &toy{0x55}, again)
			d, _ := sealed(t, whole, opened, l)
			twice, err = drain(d)
			require.Equal(t, io.EOF, err)
			alike(t, got, twice)
		}
	})
}

func FuzzCommand(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := zmtp.ParseCommand(body)
		if err != nil {
			require.ErrorIs(t, err, zmtp.ErrProtocol)
			require.True(t, len(body) == 0 || body[0] == 0 || int(body[0]) >= len(body))
			return
		}
		frame := zmtp.AppendFrame(nil, zmtp.FlagCommand, body)
		require.Equal(t, frame, zmtp.AppendCommand(nil, c.Name, c.Data))
		prefix, on, ok := zmtp.Subscription(zmtp.Item{Command: true, Body: body})
		require.Equal(t, c.Name == zmtp.Subscribe || c.Name == zmtp.Cancel, ok)
		if ok {
			require.Equal(t, frame, zmtp.AppendSubscription(nil, zmtp.V31, string(prefix), on))
		}
		if prefix, on, ok := zmtp.Subscription(zmtp.Item{Body: body}); ok {
			require.Equal(t, zmtp.AppendMessage(nil, body, nil), zmtp.AppendSubscription(nil, zmtp.V30, string(prefix), on))
		}
		ttl, context, err := zmtp.ParsePing(c.Data)
		require.Equal(t, len(c.Data) >= 2 && len(c.Data) <= 18, err == nil)
		if err == nil && ttl <= 655*time.Second/10 {
			require.Equal(t, zmtp.AppendCommand(nil, zmtp.Ping, c.Data), zmtp.AppendPing(nil, ttl, context))
		}
		reason, err := zmtp.ParseError(c.Data)
		require.Equal(t, len(c.Data) > 0 && int(c.Data[0]) < len(c.Data), err == nil)
		if err == nil {
			require.Len(t, zmtp.AppendError(nil, reason), len(zmtp.AppendCommand(nil, zmtp.Error, "0"+reason)))
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Fuzz(func(t *testing.T, metadata []byte) {
		all, err := zmtp.ParseProperties(metadata)
		var again []byte
		for _, p := range all {
			again = zmtp.AppendProperty(again, p.Name, p.Value)
		}
		require.LessOrEqual(t, len(again), len(metadata))
		if err != nil {
			require.Empty(t, all)
		}
		twice, errTwice := zmtp.ParseProperties(again)
		require.NoError(t, errTwice)
		require.Equal(t, all, twice)

		o := sessions(t, with(greetNull, zmtp.AppendCommand(nil, zmtp.Ready, metadata)), 70, func() zmtp.Config { return router }, tight)
		told := bytes.TrimPrefix(o.wrote, with(greetNull, readyRouter))
		items, end := decode(told, limits)
		require.Equal(t, io.EOF, end)
		if o.shook {
			require.NoError(t, err)
			require.Empty(t, items)
			require.Len(t, o.peer.Properties, len(all)-count(all, "socket-type")-count(all, "identity"))
			require.LessOrEqual(t, len(o.peer.Identity), 255)
			require.False(t, len(o.peer.Identity) > 0 && o.peer.Identity[0] == 0)
			return
		}
		if len(metadata) > 8<<10-6 {
			require.ErrorIs(t, o.err, zmtp.ErrTooLarge)
			return
		}
		require.Len(t, items, 1, "the peer is told why")
		require.True(t, items[0].Command)
	})
}

func count(all []zmtp.Property, name string) (n int) {
	for _, p := range all {
		if strings.EqualFold(p.Name, name) {
			n++
		}
	}
	return n
}

func FuzzSession(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream []byte, mode uint8, split uint16) {
		config := func() zmtp.Config {
			c := router
			c.ZMTP2, c.Server = mode&1 != 0, mode&2 != 0
			switch mode >> 2 & 3 {
			case 1:
				c.Mechanism = &plain{password: "secret"}
			case 2:
				c.Mechanism = &plain{password: "secret", key: 0x55}
			}
			return c
		}
		l := tight
		if mode&16 != 0 {
			l = limits
		}
		o := sessions(t, stream, int(split), config, l)
		measured(t, o.items, stream)
		if o.shook && config().Mechanism == nil && o.peer.Version >= zmtp.V30 {
			want, end := reference(traffic(stream), l)
			alike(t, want, o.items)
			require.ErrorIs(t, o.err, end)
		}
	})
}

// traffic is what follows greeting and READY.
func traffic(stream []byte) []byte {
	rest := stream[64:]
	if rest[0]&zmtp.FlagLong != 0 {
		return rest[9+binary.BigEndian.Uint64(rest[1:]):]
	}
	return rest[2+int(rest[1]):]
}
