// SPDX-License-Identifier: MIT

// Package mqnet brings the sockets of mq onto the network. Import it for its side
// effect, and addresses that begin with tcp:// and ipc:// work in Bind and Connect of
// every socket:
//
//	import (
//		"github.com/seedmq/mq"
//		_ "github.com/seedmq/mq/net"
//	)
//
// They are spoken as ZMTP 3.1 (RFC 37) over TCP and Unix domain sockets, which is what
// libzmq and all other ZeroMQ libraries speak: a peer can be this package, or any of
// them.
//
// # Addresses
//
//	Bind                     Connect
//	tcp://127.0.0.1:5555     tcp://127.0.0.1:5555   an IPv4 address and a port
//	tcp://[::1]:5555         tcp://[::1]:5555       IPv6
//	tcp://localhost:5555     tcp://localhost:5555   a name; Connect looks it up each time it tries
//	tcp://eth0:5555                                 the first address of an interface
//	tcp://*:5555                                    all addresses, IPv4 and IPv6
//	tcp://*:*, tcp://*:0                            a free port; Addr tells which
//	ipc:///run/app.sock      ipc:///run/app.sock    a path; without the third slash, a relative one
//	ipc://@app               ipc://@app             an abstract name (Linux)
//	ipc://*                                         a new socket in a temporary directory; Addr tells which
//
// Bind of an ipc path replaces a socket file that nobody listens at any more, and
// nothing else. Addresses that cannot be right are mq.ErrBadAddr at once.
//
// # What a connection is
//
// A connection that has passed the handshake is a peer like any other: the patterns
// behave over it as they do inproc, and the same laws hold them to it (TestLaws). What
// differs is in the nature of a network:
//
//	                     inproc                         tcp, ipc
//	bound of a queue     exact                          the kernel's buffers come on top, or the window of
//	                                                    a PULL; what blocks or drops does so later
//	DEALER, REQ          a message leaves when a        it leaves when it is written; workers that
//	to workers           worker receives it             keep up get equal shares
//	PUSH to workers      likewise                       a worker of mq is sent a few messages ahead, see
//	                                                    mq.WithWindow; others as with DEALER
//	lost peer            takes nothing along            what was written is gone with it; but PUSH and PULL
//	                                                    of mq lose nothing, see package mq
//	order of peers       as their messages were sent    as they arrive
//	Subscribe            holds for the next Send        holds when it has reached the publisher;
//	                                                    see WaitSubscribers of mq.Pub
//	Connect              ErrIncompatible, ErrPeerBusy   an event tells it; it is tried again
//	WithHandover         who had the routing id stays   its connection is cut
//	                     connected, and is not heard
//	Unbind               peers stay                     peers that came there are cut
//	bytes                are shared, and read-only      are copied, and the receiver's
//
// Connect goes on seeking as long as the socket lives: the peer may come later, go, and
// come back. Queued messages wait for it. A message that was not written completely
// when a connection breaks goes to the next peer, whole. What was written is not sent
// again, as it may have arrived: RFC 37 forbids to pass a message twice. From PUSH to PULL,
// if both are of mq, the PULL tells what has arrived (PIPELINE.md).
//
// # When it is written, and what is kept
//
// A message into an idle connection is written at once, by a call of its own; of a stream, one
// call takes what waits, up to 64 kB or one message beyond (TestLoneMessageIsWritten,
// TestStreamIsBatched). What a PUB or XPUB sends to several remote subscribers is encoded
// once. Parts of 16 kB and more are written from where they are.
//
// A REQ and a REP that have one message at a time under way, with one peer, write and read
// small ones themselves, in Send and in Recv, and no other goroutine is woken
// (TestRecvReads). Send waits for no peer all the same (TestReplyDoesNotWait). Between
// one Recv and the next, up to 80 ms can pass in which nobody reads: that much later a PING is
// answered then, and the end of the peer is noticed (TestLead). With Do, with Serve and with a
// heartbeat it is as elsewhere: a goroutine reads all the time.
//
// A stream keeps processors busy, and Go looks at its connections when one has nothing to run.
// So while messages come one by one as well, over any connection of the process, who writes or
// reads a stream waits for that look now and then: with one processor a round trip passes
// after some 60 messages of the stream, and would after a window of 2000 (TestBesideStream). A
// stream alone at full speed does not wait. Other connections, of net/http say, gain by that
// too, but do not bring it about.
//
// A part that was received belongs to the receiver, for ever and to write in too. One of up to
// 2 kB is cut from a block of at most 8 kB: to keep it keeps the block, and so bytes.Clone is
// for those that are kept long (TestKeptMessageHoldsLittle). So is it at a publisher, where a
// message that waits for a slow subscriber keeps 8 kB. Larger parts have memory of their own,
// of at most a quarter more than they need. Blocks of 2 kB to 32 MB are used again, once the
// garbage collector has found that nobody holds them; the process keeps at most 32 MB of
// them, as long as they are needed, and gives them up when they are not. Who is done with a
// large message may say so by [mq.Message.Release]: then the next one is received into memory
// that the caches still hold (TestRelease).
//
// # What is not trusted
//
// A peer's bytes are. Sizes are checked before anything is allocated, and memory
// follows the bytes that have arrived; a handshake has to be over in time, and no more
// than a number of them are under way at once; who violates the protocol loses its
// connection and nothing else happens. See mq.WithMaxMessageSize,
// mq.WithHandshakeTimeout, mq.WithMaxSubscriptions. A connection that is idle takes some
// 20 kB on each side, most of it the stacks of three goroutines (TestIdleConnectionsAreSmall). There is no encryption and no
// authentication yet: whoever reaches the address can be a peer.
//
// What happens to connections can be heard through mq.WithEvents and mq.WithLogger.
package mqnet

import (
	"context"
	"net"

	"github.com/seedmq/mq/internal/transport"
)

func init() {
	transport.Register("tcp", wire{tcp{}})
	transport.Register("ipc", wire{ipc{}})
}

// wire is the transport of one scheme.
type wire struct{ scheme scheme }

// scheme is what tcp and ipc do each in their own way. An address comes without
// "tcp://" and the like.
type scheme interface {
	// listen returns the address, complete, with what was resolved in it.
	listen(at string) (ln net.Listener, addr string, err error)
	// check looks whether at can be connected to at all.
	check(at string) error
	dial(ctx context.Context, at string) (net.Conn, error)
}

var _ transport.Transport = wire{}
