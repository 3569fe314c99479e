// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

// ask has a SUB or XSUB of libzmq subscribe, or unsubscribe if on is 0.
func ask(t *testing.T, s *pyzmq.Socket, kind string, on byte, prefix string) {
	t.Helper()
	if kind == "XSUB" {
		require.NoError(t, s.Send(append([]byte{on}, prefix...)))
		return
	}
	require.NoError(t, s.Set([]string{"UNSUBSCRIBE", "SUBSCRIBE"}[on], prefix))
}

// hears receives at mq what says so.
func hears(t *testing.T, s mq.Receiver, want ...string) {
	t.Helper()
	for _, text := range want {
		require.Equal(t, mq.Text(text).String(), recvOwn(t, s).String())
	}
}

// tells receives at libzmq what says so.
func tells(t *testing.T, s *pyzmq.Socket, want ...string) {
	t.Helper()
	for _, text := range want {
		got, err := s.Recv(longest)
		require.NoError(t, err)
		require.Equal(t, parts(text), got)
	}
}

// quietSubscribers are those of libzmq that have asked for nothing yet.
func quietSubscribers(t *testing.T, p *pyzmq.Process, to mq.Socket, kindsOf ...string) (all []*pyzmq.Socket) {
	t.Helper()
	for _, kind := range kindsOf {
		s := p.Socket(kind, endless)
		require.NoError(t, s.Connect(to.Addr()))
		all = append(all, s)
	}
	return all
}

// mq's XPUB hears of the first subscription to each prefix, and when the last is gone,
// taken back or with a process that was killed (A-XPB-14, A-XPB-16, A-XPB-17, A-XPB-18, D-XPB-01,
// D-XPB-09).
func TestLibzmqXPubHears(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		t.Run(scheme.name, func(t *testing.T) {
			t.Parallel()
			killed, stays := pyzmq.Start(t), pyzmq.Start(t)
			xpub, heard := made(t, mq.NewXPub)
			require.NoError(t, xpub.Bind(scheme.addr(t)))
			peers := quietSubscribers(t, killed, xpub, "SUB", "XSUB")
			sub, xsub := peers[0], peers[1]
			last := quietSubscribers(t, stays, xpub, "SUB")[0]

			ask(t, sub, "SUB", 1, "a")
			hears(t, xpub, "\x01a")
			ask(t, xsub, "XSUB", 1, "a") // it is known
			require.NoError(t, xsub.Send(parts("to", "", "all")...))
			require.Equal(t, mq.Text("to", "", "all").String(), recvOwn(t, xpub).String())
			ask(t, sub, "SUB", 0, "a") // the other has it
			ask(t, sub, "SUB", 1, "")
			hears(t, xpub, "\x01")
			ask(t, xsub, "XSUB", 0, "a")
			hears(t, xpub, "\x00a")

			ask(t, xsub, "XSUB", 1, "b")
			hears(t, xpub, "\x01b")
			ask(t, last, "SUB", 1, "b")
			ask(t, last, "SUB", 1, "c")
			hears(t, xpub, "\x01c")
			sendOwn(t, xpub, []byte("b for all"))
			for _, s := range append(peers, last) {
				tells(t, s, "b for all")
			}

			killed.Kill()
			hears(t, xpub, "\x00")
			heard.wait(t, mq.EventDisconnected, 2)
			ask(t, last, "SUB", 0, "b")
			hears(t, xpub, "\x00b")
			sendOwn(t, xpub, []byte("b for nobody"))
			sendOwn(t, xpub, []byte("c"))
			tells(t, last, "c")
			stays.Kill()
			hears(t, xpub, "\x00c")
			require.Zero(t, xpub.Stats().Pending)
		})
	}
}

// A verbose XPUB hears of all subscriptions, also of such as repeat one of the same peer;
// a more verbose one of their ends too (D-XPB-02).
func TestLibzmqXPubVerbose(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		for _, verboser := range []bool{false, true} {
			opt, name := mq.WithVerbose(), "verbose"
			if verboser {
				opt, name = mq.WithVerboser(), "verboser"
			}
			t.Run(scheme.name+"/"+name, func(t *testing.T) {
				xpub, _ := made(t, mq.NewXPub, opt)
				require.NoError(t, xpub.Bind(scheme.addr(t)))
				kinds := []string{"SUB", "XSUB"}
				peers := quietSubscribers(t, p, xpub, kinds...)
				for i, s := range peers {
					for range 2 {
						ask(t, s, kinds[i], 1, "a")
						hears(t, xpub, "\x01a")
					}
				}
				for i, s := range peers {
					ask(t, s, kinds[i], 0, "a")
					ask(t, s, kinds[i], 0, "a") // libzmq counts, and tells the last
					ask(t, s, kinds[i], 1, "b")
					if verboser || i == 1 {
						hears(t, xpub, "\x00a")
					}
					hears(t, xpub, "\x01b")
				}
			})
		}
	}
}

// mq's XSUB subscribes at XPUBs by what it sends, and sends to them; a verbose one hears it
// repeat itself, and all hear that it leaves (A-XSB-13, A-XSB-16, A-XSB-17).
func TestLibzmqXSubSubscribes(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		xsub, _ := made(t, mq.NewXSub)
		var publishers []*pyzmq.Socket
		for _, opts := range []pyzmq.Options{nil, {"XPUB_VERBOSE": true}} {
			s := p.Socket("XPUB", endless, opts)
			at, err := s.Bind(scheme.addr(t))
			require.NoError(t, err)
			require.NoError(t, xsub.Connect(at))
			publishers = append(publishers, s)
		}
		require.NoError(t, xsub.WaitPeers(t.Context(), 2))
		once, verbose := publishers[0], publishers[1]
		for _, text := range []string{"\x01a", "\x01a", "\x01b", "\x00b", "\x00x", "\x00a", "\x00a", "\x01c"} {
			sendOwn(t, xsub, []byte(text))
		}
		tells(t, once, "\x01a", "\x01b", "\x00b", "\x00a", "\x01c")
		tells(t, verbose, "\x01a", "\x01a", "\x01b", "\x00b", "\x00a", "\x01c")
		sendOwn(t, xsub, []byte("hello"))
		sendOwn(t, xsub, nil)
		for _, s := range publishers {
			tells(t, s, "hello", "")
			require.NoError(t, s.Send([]byte("b")))
			require.NoError(t, s.Send([]byte("cd")))
			hears(t, xsub, "cd")
		}
		require.NoError(t, xsub.Close())
		for _, s := range publishers {
			tells(t, s, "\x00c")
		}
	}
}

// The application of a manual XPUB says what a peer gets (D-XPB-04, D-XPB-05, D-XPB-06).
func TestLibzmqXPubManual(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		p := pyzmq.Start(t)
		xpub, _ := made(t, mq.NewXPub, mq.WithManual())
		require.NoError(t, xpub.Bind(scheme.addr(t)))
		peers := quietSubscribers(t, p, xpub, "XSUB", "XSUB")
		for i, s := range peers {
			ask(t, s, "XSUB", 1, "a")
			require.Eventually(t, func() bool { return xpub.Stats().Pending == i+1 }, longest, pollEvery)
		}
		for _, given := range []string{"x", "y"} {
			hears(t, xpub, "\x01a")
			require.NoError(t, xpub.Subscribe(given))
		}
		for _, text := range []string{"a", "x1", "y1", "x2"} {
			sendOwn(t, xpub, []byte(text))
		}
		tells(t, peers[0], "x1", "x2")
		tells(t, peers[1], "y1")
		ask(t, peers[1], "XSUB", 0, "a")
		hears(t, xpub, "\x00a")
		sendOwn(t, xpub, []byte("y2")) // it is not taken away by itself
		tells(t, peers[1], "y2")
		require.NoError(t, xpub.Unsubscribe("y"))
		require.NoError(t, xpub.Subscribe("z"))
		for _, text := range []string{"y3", "z1"} {
			sendOwn(t, xpub, []byte(text))
		}
		tells(t, peers[1], "z1")
		p.Kill()
		hears(t, xpub, "\x00a")
		require.ErrorIs(t, xpub.Subscribe("x"), mq.ErrPeerGone)
	}
}

// New subscribers are greeted, each once, by mq and by libzmq (D-XPB-08).
func TestLibzmqXPubWelcome(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		xpub, _ := made(t, mq.NewXPub, mq.WithWelcome(mq.Text("welcome")))
		require.NoError(t, xpub.Bind(scheme.addr(t)))
		kinds := []string{"SUB", "XSUB"}
		for i, s := range quietSubscribers(t, p, xpub, kinds...) {
			for _, prefix := range []string{"other", "wel", "welcome", "sync"} {
				ask(t, s, kinds[i], 1, prefix)
			}
			until(t, func() bool { return subscribed(t, xpub, "sync", i+1) }, "subscriber")
			sendOwn(t, xpub, []byte("sync"))
			tells(t, s, "welcome", "sync")
		}

		theirs := p.Socket("XPUB", endless, pyzmq.Options{"XPUB_WELCOME_MSG": "welcome"})
		at, err := theirs.Bind(scheme.addr(t))
		require.NoError(t, err)
		sub, _ := made(t, mq.NewSub)
		require.NoError(t, sub.Subscribe("welcome"))
		require.NoError(t, sub.Connect(at))
		tells(t, theirs, "\x01welcome") // it looks who has come in calls alone
		hears(t, sub, "welcome")
	}
}

// Nothing is dropped where that is wished, whoever publishes; who publishes is stopped
// (A-XPB-11, A-XPB-12, D-XPB-03).
func TestLibzmqXPubNoDrop(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		xpub, _ := made(t, mq.NewXPub, mq.WithNoDrop(), mq.WithSendHWM(floodHWM))
		require.NoError(t, xpub.Bind(scheme.addr(t)))
		sub := newTheirs(t, p, "SUB", narrow)
		require.NoError(t, sub.Connect(xpub.Addr()))
		hears(t, xpub, "\x01")
		sent := 0
		for ; sent < flood; sent++ {
			ctx, cancel := context.WithTimeout(t.Context(), moment*4)
			err := xpub.Send(ctx, mq.NewMessage(pyzmq.Number(sent, floodSize)))
			cancel()
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				break
			}
		}
		require.Less(t, sent, flood, "it is stopped")
		require.LessOrEqual(t, xpub.Stats().Queued, floodHWM)
		got, err := sub.RecvNumbers(sent, longest)
		require.NoError(t, err)
		require.True(t, got.Ordered && got.Complete, "%+v", got)

		theirs := p.Socket("XPUB", narrow, pyzmq.Options{"XPUB_NODROP": true})
		at, err := theirs.Bind(scheme.addr(t))
		require.NoError(t, err)
		xsub, _ := made(t, mq.NewXSub, mq.WithRecvHWM(floodHWM))
		sendOwn(t, xsub, []byte{1})
		require.NoError(t, xsub.Connect(at))
		tells(t, theirs, "\x01")
		require.ErrorIs(t, theirs.SendNumbers(flood, floodSize, moment*4), pyzmq.ErrTimeout)
		require.LessOrEqual(t, xsub.Stats().Pending, floodHWM)
		require.NoError(t, theirs.Close())
	}
}

// Prefixes of any length come to XPUB, and from XSUB, as they are (B-CMD-08, D-XPB-17).
func TestLibzmqXPubLongPrefixes(t *testing.T) {
	t.Parallel()
	p := pyzmq.Start(t)
	for _, scheme := range schemes {
		xpub, _ := made(t, mq.NewXPub)
		require.NoError(t, xpub.Bind(scheme.addr(t)))
		sub := quietSubscribers(t, p, xpub, "SUB")[0]
		theirs := p.Socket("XPUB", endless)
		at, err := theirs.Bind(scheme.addr(t))
		require.NoError(t, err)
		xsub, _ := made(t, mq.NewXSub)
		require.NoError(t, xsub.Connect(at))
		for _, on := range []byte{1, 0} {
			for _, prefix := range slices.Concat(longPrefixes(), []string{"", noPrefix}) {
				text := string([]byte{on}) + prefix
				ask(t, sub, "SUB", on, prefix)
				hears(t, xpub, text)
				sendOwn(t, xsub, []byte(text))
				tells(t, theirs, text)
			}
		}
	}
}
