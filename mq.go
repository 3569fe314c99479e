// SPDX-License-Identifier: MIT

// Package mq passes messages between the goroutines of a program in ZeroMQ's four
// patterns, behind one [Socket] interface: exclusive PAIR, REQ/REP with DEALER and ROUTER,
// PUB/SUB with XPUB and XSUB, and the PUSH/PULL pipeline. Sockets find each other by
// address, in any order:
//
//	package main
//
//	import (
//		"context"
//		"fmt"
//
//		"github.com/seedmq/mq"
//	)
//
//	func main() {
//		push, pull := mq.NewPush(), mq.NewPull()
//		push.Bind("inproc://work")
//		pull.Connect("inproc://work")
//		push.Send(context.Background(), mq.Text("hello"))
//		m, err := pull.Recv(context.Background())
//		fmt.Println(m, err) // hello <nil>
//	}
//
// Addresses of inproc are names within one [Runtime]; no goroutine, codec or copy
// stands between two sockets there. Import github.com/seedmq/mq/net for its side effect,
// and the same sockets take tcp://host:port and ipc://path, and talk to every ZeroMQ
// program there; without it these answer [ErrNoTransport]. What follows holds on all of
// them. What a network changes by its nature is listed in that package's documentation.
//
// # Patterns
//
//	socket  talks to             Send                             Recv
//	PAIR    PAIR                 blocks while its queue is full   from its peer
//	PUSH    PULL                 blocks while its queue is full   -
//	PULL    PUSH                 -                                in turn from all
//	PUB     SUB, XSUB            never blocks, drops              -
//	SUB     PUB, XPUB            -                                in turn from all
//	XPUB    SUB, XSUB            never blocks, drops              subscriptions
//	XSUB    PUB, XPUB            subscribes, never blocks         in turn from all
//	REQ     REP, ROUTER          in turn with Recv                the reply
//	REP     REQ, DEALER          in turn with Recv, never blocks  in turn from all
//	DEALER  REP, DEALER, ROUTER  blocks while its queue is full   in turn from all
//	ROUTER  REQ, DEALER, ROUTER  never blocks, drops              in turn from all
//
// They are those of ZeroMQ's RFCs 31/EXPAIR, 30/PIPELINE, 29/PUBSUB and 28/REQREP.
//
// REQ and REP keep to turns. Req.Do has any number of requests under way, Rep.Serve handles
// many at once, and DEALER and ROUTER are for what else one builds of requests: brokers,
// workers that ask for work, answers without a question. [Proxy] stands between two
// sockets and passes on what comes.
//
// A queue has one owner, one exact bound, and one policy when it is full; none is
// unlimited. The bound counts whole messages: WithSendHWM, and where a queue leads
// to a single peer inproc, WithRecvHWM of that peer in addition. What is dropped is
// counted in [Stats]: by PUB, what comes while the queue of a subscriber is full,
// for that subscriber alone, unless [WithNoDrop] has it wait; by REP, a reply whose asker
// has gone; by ROUTER, what it cannot route, unless [WithMandatory] makes that an error.
// Whatever a socket cannot do at all is [errors.ErrUnsupported].
//
// # Delivery and order
//
// Send returning nil means that exactly one queue has the message (for PUB, one of
// each subscriber that has room). From there, with the tests that hold it:
//
//   - One sender's messages reach one receiver in the order they were sent.
//     (TestLaws/.*/A-ALL-07)
//   - The workers of a PUSH compete: a message is taken when a PULL receives it, and
//     waits behind no worker that is slow, idle or gone while another is free.
//     (TestLaws/PUSH/A-PSH-04, TestLaws/PUSH/A-PSH-06)
//   - A subscription is seen by the next Send after Subscribe returned, and a message
//     arrives once however many subscriptions match. (TestLaws/SUB/A-PUB-14, TestLaws/SUB/D-XPB-18)
//   - A server that goes away with a request is told to the client that waits:
//     [ErrPeerGone]. (TestLaws/REQ/D-REQ-06)
//   - Of many requests at once, each gets its own reply. (TestLaws/REQ/D-REQ-04, TestStressDo)
//   - What a socket has accepted is received once, or handed back once by the Close
//     that leaves nobody to take it: [UndeliveredError]. (TestLaws/.*/MQ-CLOSE, TestStressPipeline, TestStressChaos)
//   - It does not matter who binds, who connects, and which comes first; a name that
//     is bound again is found again. (TestLaws/ALL/A-ALL-0, TestLaws/ALL/D-INP)
//
// # A pipeline that does not lose
//
// PUSH and PULL keep that promise over a network too, if both are of this package:
//
//   - When a connection breaks, nothing is lost, received twice or out of order: the next
//     connection goes on where the PULL is. (TestPipelineThroughCuts, TestPipelineExplored)
//   - When the process of a PULL dies, or stays away longer than [WithRedelivery], other
//     workers get what it was sent and had not taken: all that Recv had not returned, or with
//     [WithAck], all that Message.Ack was not called for. What it may have taken is marked:
//     [Message.Redelivered]. (TestPipelineWorkersKilled)
//   - When the process of the PUSH dies, what no Recv had returned is lost with it. Close
//     waits for that, as long as the linger: what no worker has then is in its
//     [UndeliveredError]. (TestPipelineLingerWhileCut, TestPipelinePushGone)
//   - Other ZeroMQ peers confirm nothing: what was written when the connection breaks is lost, as it
//     is between two of them; what was not written completely is sent again. (TestLibzmqThroughCuts)
//
// Stats tell what is in flight. The protocol is in net/PIPELINE.md.
//
// # Ownership
//
// Send takes ownership of the bytes. Inproc the receiver gets those very slices,
// and subscribers share them: nobody writes to them after Send. (TestLaws/.*/MQ-OWN)
// What comes over a network is the receiver's alone, who may give its memory back by
// [Message.Release].
//
// # Cancellation
//
// Every call that can block takes a context first. A context that is done fails
// the call even if it could go on at once. A call that fails has moved no message,
// and leaves the socket as it was. The error wraps that of the context. (TestLaws/.*/MQ-CTX,
// TestCancelEndsAllThatBlocks)
//
// # Closing
//
// Close, and [Runtime.Close] for all sockets of a runtime, wakes every blocked call
// with [ErrClosed] and leaves no goroutine. Inproc it does not wait: what is in a
// queue stays for its receivers, as in a closed channel. (TestLaws/.*/MQ-CLOSE,
// TestRuntimeCloseWithEverythingBusy) Remote peers are given the time of [WithLinger] to
// take what is queued, also those that a Connect still seeks; what is left then comes
// back. (TestCloseWaitsTheLingerForRemotePeers, TestCloseWaitsForThePeerThatIsSought)
//
// # Concurrency
//
// All methods of all sockets can be called by many goroutines at once. Send and Recv of REQ
// and REP keep to their turns all the same: a call out of turn is [ErrState]. (TestStressChaos, TestNobodySleepsOverAMessage)
//
// # Cost
//
// A message of one part allocates nothing on its way, and moves 16 bytes through a
// lock-free ring; several parts cost one allocation. A queue takes memory as it fills:
// none before the first message, 256 bytes then, and four times as much whenever that
// is full, up to 16 bytes for each message of its bound, rounded up to a power of two.
// An idle PUSH-PULL link takes 2.4 kB with both its sockets. Sockets have no
// goroutines, and a blocked call uses no processor time. The work for a message does
// not grow with the number of peers, nor with that of subscriptions; what grows is the
// part of the memory that is in the processor's caches. The folder bench compares all
// this with what else one could use. (TestOnePartAllocatesNothing,
// TestIdleLinksAreSmall, BenchmarkPipeline, BenchmarkReqRep, BenchmarkFanIn,
// BenchmarkMatch)
package mq

import (
	"context"
	"errors"
	"iter"

	"github.com/seedmq/mq/internal/transport"
)

// Sender is what can send.
type Sender interface {
	// Send gives m away and takes ownership of its bytes. Nil means that one queue
	// has the message; an error means that none has. A ctx that is done fails the
	// call even if there is room. What else Send does, and when it blocks, is the
	// pattern's: see the constructors.
	Send(ctx context.Context, m Message) error
}

// Receiver is what can receive.
type Receiver interface {
	// Recv takes the next message, and blocks until there is one. The bytes may be
	// shared with other receivers and are read-only. A ctx that is done fails the
	// call even if a message is there; a call that fails has taken none.
	Recv(ctx context.Context) (Message, error)
}

// Socket is one party of a pattern. All its methods can be called by many
// goroutines at once, also while Close runs. Every error is an *[Error].
type Socket interface {
	Sender
	Receiver

	// Bind makes addr, such as "inproc://name", a place where peers find this
	// socket. A socket can have any number of addresses, of any schemes. Names of inproc
	// are known within one [Runtime] and have at most 256 bytes. Bind does not block.
	// Errors: ErrAddrInUse, ErrBadAddr, ErrNoTransport, what the system says of an
	// address of its own, and inproc ErrIncompatible if a socket that does not fit has
	// been connected to addr already.
	Bind(addr string) error

	// Unbind lets an address go that was bound, as it was given to Bind or as Addr tells
	// it. Inproc, peers that came through it stay; remote ones are cut. Connectors find
	// the address again once it is bound again.
	Unbind(addr string) error

	// Connect seeks the socket bound to addr, and returns at once: the peer may come
	// later, go, and come back. Connecting to an address a second time changes
	// nothing. Errors: ErrBadAddr, ErrNoTransport; and inproc, when the socket at addr is
	// there already, ErrIncompatible if it does not fit, and ErrPeerBusy if it, or
	// this socket, is a PAIR that has a peer, or a ROUTER that has one of the same routing
	// id. After an error the socket is not connected to addr. What goes wrong later, on a network, is told to [WithEvents].
	Connect(addr string) error

	// Disconnect ends what Connect began, and the link to the peer found there.
	Disconnect(addr string) error

	// Addr is the address bound last, with what the transport resolved in it, such
	// as a port; "" if none is bound.
	Addr() string

	// WaitPeers blocks until at least n peers are attached and ready.
	WaitPeers(ctx context.Context, n int) error

	// Stats returns the counters of this moment.
	Stats() Stats

	// Close ends the socket: it frees the addresses, and wakes every blocked call
	// with ErrClosed. Inproc it does not wait: what peers can still take stays
	// theirs, as in a closed channel. Remote peers, also such as Connect still seeks, are
	// given the time of WithLinger.
	// What nobody can take any more comes back in an [UndeliveredError]. After the
	// first time, Close does nothing and returns nil.
	Close() error

	ours() transport.Kind // sealed, so that the interface can grow
}

// Req is the socket of [NewReq].
type Req interface {
	Socket
	// Do sends a request and returns its reply. Any number of goroutines may call it at
	// once, over any number of servers: each reply finds its request by an id that goes
	// with it, in the framing of libzmq's REQ_CORRELATE, which REP gives back by itself, and
	// so does a ROUTER or DEALER worker that keeps envelopes.
	//
	// Do blocks until the reply is there, or ctx is done: then this request alone is given
	// up. It is not sent if it was still in the queue, and otherwise its reply is dropped.
	// If the server that took the request goes away, Do returns ErrPeerGone, or tries again,
	// see [WithRetry]. Do takes no part in the turns of Send and Recv.
	Do(ctx context.Context, m Message) (Message, error)
}

// Rep is the socket of [NewRep].
type Rep interface {
	Socket
	// Serve receives requests and has handler make their replies, many at once: see
	// [WithHandlers]. It blocks until ctx is done, or the socket is closed, and until the
	// handlers at work have returned; it returns the reason. While it runs, Send, Recv and a
	// second Serve are ErrState.
	//
	// The context of a handler has the values of ctx, but does not end with it: what was
	// received is answered. It is done when the socket is closed. A reply whose asker has
	// gone is dropped and counted. If handler returns an error, or panics, WithEvents is told
	// with EventHandlerFailed, and the asker gets nothing, or what [WithErrorReply] says.
	//
	// Replies leave as they are ready: a DEALER that has asked several times at once tells
	// them apart by what it puts into its envelope.
	Serve(ctx context.Context, handler func(context.Context, Message) (Message, error)) error
}

// Pub is the socket of [NewPub].
type Pub interface {
	Socket
	// WaitSubscribers blocks until at least n subscribers are subscribed to topic, so
	// that a message which begins with it would go to n of them.
	WaitSubscribers(ctx context.Context, topic string, n int) error
}

// Sub is the socket of [NewSub].
type Sub interface {
	Socket
	// Subscribe asks for the messages whose first part begins with prefix; "" asks
	// for all. Subscriptions add up, and count: what was subscribed twice has to be
	// unsubscribed twice. Inproc, when Subscribe returns, the next Send is seen.
	Subscribe(prefix string) error
	// Unsubscribe takes one Subscribe back. Messages that only it had asked for are
	// not received any more, not even those in the queue. Unsubscribing what is not
	// subscribed does nothing.
	Unsubscribe(prefix string) error
}

// XPub is the socket of [NewXPub].
type XPub interface {
	Pub
	// Subscribe gives the peer whose subscription was received last what begins with
	// prefix, on an XPUB made [WithManual]; on others it is ErrState. If the peer has gone,
	// it is ErrPeerGone.
	Subscribe(prefix string) error
	// Unsubscribe takes one of the peer's prefixes away likewise. What it does not have
	// makes no difference.
	Unsubscribe(prefix string) error
}

// Router is the socket of [NewRouter].
type Router interface {
	Socket
	// ConnectAs is Connect, and the peer found at addr is known here as id, whatever it
	// calls itself: 1 to 255 bytes, the first not 0. Messages to id are queued from now on,
	// also while the peer is not there, up to WithSendHWM; Disconnect ends that. Errors are
	// those of Connect, fs.ErrInvalid for an impossible id, and ErrPeerBusy for one that a
	// peer has, or that another address was given.
	ConnectAs(addr, id string) error
}

// Stats are the counters of one socket. They stay readable after Close.
type Stats struct {
	Sent     uint64 // messages that Send accepted, and Do
	Received uint64 // messages that Recv returned, and Do
	Dropped  uint64 // messages lost to a full queue of one peer, or discarded with it: PUB counts for all its subscribers, SUB for itself; REP counts replies nobody waits for, REQ those that a remote peer sends, and ROUTER what it cannot route
	Queued   int    // messages that Send accepted and no peer has taken; on PUB, the sum over subscribers
	Pending  int    // messages that Recv could take now; PULLs that share a PUSH count the same messages
	Peers    int    // peers attached and ready

	Acknowledged uint64 // of PUSH: messages that PULLs of mq have taken, or confirmed if they were made WithAck
	InFlight     int    // of PUSH: messages that such PULLs were sent and have not taken or confirmed yet
	Resent       uint64 // of PUSH: messages that were sent, or lent to a PULL WithAck, once more

	Reconnects uint64 // times that a remote peer was found again by Connect
}

// Messages ranges over what r receives. It ends when the socket is closed, as a
// range over a channel does. Any other error ends it too, and is yielded first:
//
//	for m, err := range mq.Messages(ctx, sub) {
//		if err != nil {
//			return err
//		}
//		...
//	}
func Messages(ctx context.Context, r Receiver) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			m, err := r.Recv(ctx)
			if errors.Is(err, ErrClosed) {
				return
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}
