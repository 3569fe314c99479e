// SPDX-License-Identifier: MIT

package zmtp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/net/internal/zmtp"
)

func TestParseCommand(t *testing.T) {
	for _, name := range []string{"READY", "ERROR", "PING", "PONG", "SUBSCRIBE", "CANCEL", "HELLO", "WELCOME", "INITIATE", "JOIN", "x", strings.Repeat("N", 254), strings.Repeat("N", 255)} {
		body := append([]byte{byte(len(name))}, name+"data"...)
		c, err := zmtp.ParseCommand(body)
		require.NoError(t, err)
		require.Equal(t, name, c.Name)
		require.Equal(t, "data", string(c.Data))
		require.Same(t, &body[len(body)-4], &c.Data[0], "data is not a copy")
		if len(name) > 1 && len(name) < 10 && name != "JOIN" {
			require.Zero(t, testing.AllocsPerRun(10, func() { _, _ = zmtp.ParseCommand(body) }), name)
		}
	}
	for _, body := range []string{"", "\x00", "\x00A", "\x01", "\x05PING", "\xff"} {
		_, err := zmtp.ParseCommand([]byte(body))
		require.ErrorIs(t, err, zmtp.ErrProtocol, "%q", body)
	}
}

// B-CMD-10, B-CMD-15, B-CMD-16: TTL counts tenths of a second, and more than 655 of them are never sent to anybody.
func TestPing(t *testing.T) {
	for _, c := range []struct{ ttl, want time.Duration }{
		{0, 0}, {-time.Second, 0}, {1, 100 * time.Millisecond}, {100 * time.Millisecond, 100 * time.Millisecond},
		{101 * time.Millisecond, 200 * time.Millisecond}, {65500 * time.Millisecond, 65500 * time.Millisecond},
		{65501 * time.Millisecond, 0}, {time.Hour, 0}, {1<<63 - 1, 0},
	} {
		items, _ := decode(zmtp.AppendPing(nil, c.ttl, []byte("context")), limits)
		require.Len(t, items, 1)
		ping, err := zmtp.ParseCommand(items[0].Body)
		require.NoError(t, err)
		require.Equal(t, zmtp.Ping, ping.Name)
		ttl, context, err := zmtp.ParsePing(ping.Data)
		require.NoError(t, err)
		require.Equal(t, c.want, ttl, "%v", c.ttl)
		require.Equal(t, "context", string(context))
	}
	require.Equal(t, zmtp.AppendPing(nil, 0, make([]byte, 16)), zmtp.AppendPing(nil, 0, make([]byte, 17)), "16 bytes are all that is legal")
}

// F-CMD-04: TTLs that libzmq gets wrong are taken as what they say.
func TestPingOfPeers(t *testing.T) {
	for data, want := range map[string]time.Duration{
		"\x00\x01": 100 * time.Millisecond, "\x02\x90": 65600 * time.Millisecond, "\xff\xff": 6553500 * time.Millisecond,
		"\x00\x00" + strings.Repeat("c", 16): 0,
	} {
		ttl, context, err := zmtp.ParsePing([]byte(data))
		require.NoError(t, err)
		require.Equal(t, want, ttl)
		require.Equal(t, data[2:], string(context))
	}
}

// B-CMD-18: a reason is printable and fits its length byte, whatever it was.
func TestErrorReasons(t *testing.T) {
	for reason, want := range map[string]string{
		"": "", "400": "400", "Invalid socket type": "Invalid socket type", "two\nlines\x00\xff": "two?lines??", "Ärger": "??rger",
		strings.Repeat("x", 256): strings.Repeat("x", 255),
	} {
		items, _ := decode(zmtp.AppendError(nil, reason), limits)
		require.Len(t, items, 1)
		c, err := zmtp.ParseCommand(items[0].Body)
		require.NoError(t, err)
		require.Equal(t, zmtp.Error, c.Name)
		got, err := zmtp.ParseError(c.Data)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, data := range []string{"", "\x01", "\xffshort"} {
		_, err := zmtp.ParseError([]byte(data))
		require.ErrorIs(t, err, zmtp.ErrProtocol)
	}
}

// B-CMD-03: both forms are subscriptions, whatever the version. B-BAD-31: other messages are messages.
func TestSubscription(t *testing.T) {
	for _, c := range []struct {
		item   zmtp.Item
		prefix string
		on, ok bool
	}{
		{command("SUBSCRIBE", "A"), "A", true, true}, {command("CANCEL", "A"), "A", false, true}, {command("SUBSCRIBE", ""), "", true, true},
		{message("\x01A"), "A", true, true}, {message("\x00A"), "A", false, true}, {message("\x01"), "", true, true}, {message("\x00"), "", false, true},
		{message(""), "", false, false}, {message("\x02A"), "", false, false}, {message("\x01A", ""), "", false, false}, {message("A"), "", false, false},
		{command("PING", "\x00\x00"), "", false, false}, {command("JOIN", "A"), "", false, false},
		{zmtp.Item{Command: true}, "", false, false}, {zmtp.Item{Command: true, Body: []byte("\x09SUB")}, "", false, false},
		{zmtp.Item{Command: true, Body: []byte("\x01A")}, "", false, false},
	} {
		prefix, on, ok := zmtp.Subscription(c.item)
		require.Equal(t, c.ok, ok, "%q", c.item)
		require.Equal(t, c.on, on, "%q", c.item)
		require.Equal(t, c.prefix, string(prefix), "%q", c.item)
	}
}

// Each version gets the form it knows, at every length where the header changes.
func TestAppendSubscription(t *testing.T) {
	for _, n := range []int{0, 1, 244, 245, 246, 247, 248, 249, 254, 255, 256, 70_000} {
		prefix := strings.Repeat("T", n)
		for _, v := range []zmtp.Version{zmtp.V20, zmtp.V30, zmtp.V31} {
			for _, on := range []bool{true, false} {
				items, err := decode(zmtp.AppendSubscription(nil, v, prefix, on), zmtp.Limits{Message: 1 << 20, Parts: 1, Command: 1 << 20})
				require.Len(t, items, 1, "%v", err)
				require.Equal(t, v == zmtp.V31, items[0].Command)
				got, gotOn, ok := zmtp.Subscription(items[0])
				require.True(t, ok)
				require.Equal(t, on, gotOn)
				require.Equal(t, prefix, string(got))
			}
		}
	}
}

// B-CMD-08: what libzmq 4.3.4 writes for topics around 250 bytes is understood, and nothing else that begins like it.
func TestSubscriptionsOfLibzmq434(t *testing.T) {
	for n := range 300 {
		for name, wrong := range map[string]bool{"SUBSCRIBE": n >= 246 && n <= 255, "CANCEL": n >= 249 && n <= 255} {
			want := command(name, strings.Repeat("T", n))
			wire := encode(want)
			if wrong {
				wire[0] = 4
			}
			wire = append(wire, 0, 0)
			items, _ := decode(wire, limits)
			alike(t, []zmtp.Item{want, message("")}, items)
			agree(t, wire, limits)
		}
	}
	for _, wire := range []string{
		"0400", "0400 01", "0400 0000 0000 0001", "0400 0000 0000 0001 0a", "0400 0000 0000 0001 00", "0400 0000 0000 0001 00 04 50494e47",
		"0400 0000 0000 0001 00 09 5355425343524942 46", "0400 0000 0000 0002 00 09 535542534352494245", "0400 0000 0000 0100 00 09 535542534352494245",
	} {
		_, err := decode(unhex(wire), limits)
		require.ErrorIs(t, err, zmtp.ErrProtocol, wire)
		agree(t, unhex(wire), limits)
	}
}

func TestVersionString(t *testing.T) {
	require.Equal(t, "3.1", zmtp.V31.String())
	require.Equal(t, "2.0", zmtp.V20.String())
}
