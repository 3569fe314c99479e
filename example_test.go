// SPDX-License-Identifier: MIT

package mq_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seedmq/mq"
)

// One socket gives work away, another takes it.
func Example() {
	ctx := context.Background()
	push, pull := mq.NewPush(), mq.NewPull()
	defer push.Close()
	defer pull.Close()
	if err := errors.Join(push.Bind("inproc://work"), pull.Connect("inproc://work")); err != nil {
		log.Fatal(err)
	}

	if err := push.Send(ctx, mq.Text("hello")); err != nil {
		log.Fatal(err)
	}
	m, err := pull.Recv(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m)
	// Output: hello
}

// Two sides of one job talk both ways; a third is turned away.
func ExampleNewPair() {
	ctx := context.Background()
	boss, worker, third := mq.NewPair(), mq.NewPair(), mq.NewPair()
	defer boss.Close()
	defer worker.Close()
	defer third.Close()
	if err := errors.Join(
		boss.Bind("inproc://job"),
		worker.Connect("inproc://job"),
		boss.Send(ctx, mq.Text("start")),
		worker.Send(ctx, mq.Text("ready")),
	); err != nil {
		log.Fatal(err)
	}

	fmt.Println(worker.Recv(ctx))
	fmt.Println(boss.Recv(ctx))
	fmt.Println(third.Connect("inproc://job"))
	// Output:
	// start <nil>
	// ready <nil>
	// mq: connect inproc://job: peer busy
}

// A server answers in a goroutine of its own. Client and server each take strict
// turns: Send, Recv, Send, Recv on REQ, and the other way round on REP.
func ExampleNewReq() {
	ctx := context.Background()
	req, rep := mq.NewReq(), mq.NewRep()
	defer req.Close()
	defer rep.Close() // ends the loop of the server
	if err := errors.Join(rep.Bind("inproc://upper"), req.Connect("inproc://upper")); err != nil {
		log.Fatal(err)
	}

	go func() {
		for request, err := range mq.Messages(ctx, rep) {
			if err != nil {
				log.Print(err)
				return
			}
			if err := rep.Send(ctx, mq.NewMessage(bytes.ToUpper(request.Data))); err != nil {
				log.Print(err)
				return
			}
		}
	}()

	for _, word := range []string{"hello", "world"} {
		if err := req.Send(ctx, mq.Text(word)); err != nil {
			log.Fatal(err)
		}
		reply, err := req.Recv(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(reply)
	}
	// Output:
	// HELLO
	// WORLD
}

// Each subscriber gets what begins with its prefix. Inproc, what is sent after
// Subscribe returned is seen; what was sent before is gone.
func ExampleNewPub() {
	ctx := context.Background()
	pub, sport, all := mq.NewPub(), mq.NewSub(), mq.NewSub()
	defer pub.Close()
	defer sport.Close()
	defer all.Close()
	if err := errors.Join(
		pub.Bind("inproc://news"),
		sport.Connect("inproc://news"), sport.Subscribe("sport."),
		all.Connect("inproc://news"), all.Subscribe(""),
		// The first part is the topic. Send waits for nobody.
		pub.Send(ctx, mq.Text("weather.rain", "5 mm")),
		pub.Send(ctx, mq.Text("sport.football", "2:1")),
	); err != nil {
		log.Fatal(err)
	}

	fmt.Println(sport.Recv(ctx))
	fmt.Println(all.Recv(ctx))
	fmt.Println(all.Recv(ctx))
	// Output:
	// sport.football|2:1 <nil>
	// weather.rain|5 mm <nil>
	// sport.football|2:1 <nil>
}

// Subscriptions add up, and end one by one. A message that matches two of them
// comes once. Bind and Connect can come in any order.
func ExampleNewSub() {
	ctx := context.Background()
	pub, sub := mq.NewPub(), mq.NewSub()
	defer pub.Close()
	defer sub.Close()
	if err := errors.Join(
		sub.Connect("inproc://logs"), pub.Bind("inproc://logs"),
		sub.Subscribe("log."), sub.Subscribe("log.error."),
		pub.Send(ctx, mq.Text("log.error.disk")),
		pub.Send(ctx, mq.Text("log.info.start")),
	); err != nil {
		log.Fatal(err)
	}
	fmt.Println(sub.Recv(ctx))
	fmt.Println(sub.Recv(ctx))

	if err := errors.Join(
		sub.Unsubscribe("log."),
		pub.Send(ctx, mq.Text("log.info.stop")), // nobody asks for this any more
		pub.Send(ctx, mq.Text("log.error.net")),
	); err != nil {
		log.Fatal(err)
	}
	fmt.Println(sub.Recv(ctx))
	// Output:
	// log.error.disk <nil>
	// log.info.start <nil>
	// log.error.net <nil>
}

// Workers compete: each job goes to one that asks for it. The idle worker here
// never does, and no job waits behind it.
func ExampleNewPush() {
	ctx := context.Background()
	push, idle := mq.NewPush(), mq.NewPull()
	defer push.Close()
	defer idle.Close()
	if err := errors.Join(push.Bind("inproc://jobs"), idle.Connect("inproc://jobs")); err != nil {
		log.Fatal(err)
	}

	var done atomic.Int64
	var open sync.WaitGroup // jobs not done yet
	for range 3 {
		pull := mq.NewPull()
		defer pull.Close() // ends the loop of the worker
		if err := pull.Connect("inproc://jobs"); err != nil {
			log.Fatal(err)
		}
		go func() {
			for _, err := range mq.Messages(ctx, pull) {
				if err != nil {
					log.Print(err)
					return
				}
				done.Add(1)
				open.Done()
			}
		}()
	}

	for range 100 {
		open.Add(1)
		if err := push.Send(ctx, mq.Text("job")); err != nil {
			log.Fatal(err)
		}
	}
	open.Wait()
	fmt.Println("jobs done:", done.Load())
	// Output: jobs done: 100
}

// The loop ends when somebody closes the socket, here once all jobs are done.
// Any other end, such as that of ctx, comes into the loop as an error.
func ExampleMessages() {
	ctx := context.Background()
	push, pull := mq.NewPush(), mq.NewPull()
	defer push.Close()
	defer pull.Close()
	if err := errors.Join(push.Bind("inproc://jobs"), pull.Connect("inproc://jobs")); err != nil {
		log.Fatal(err)
	}

	var open sync.WaitGroup // jobs not done yet
	for _, job := range []string{"wash", "dry", "fold"} {
		open.Add(1)
		if err := push.Send(ctx, mq.Text(job)); err != nil {
			log.Fatal(err)
		}
	}
	go func() {
		open.Wait()
		pull.Close()
	}()

	for m, err := range mq.Messages(ctx, pull) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m)
		open.Done()
	}
	fmt.Println("closed")
	// Output:
	// wash
	// dry
	// fold
	// closed
}

// The parts of a message travel together: all of them arrive, or none.
func ExampleMessage() {
	body := []byte(`{"item": "tea"}`)
	m := mq.NewMessage([]byte("order"), body) // keeps the slices, copies nothing
	fmt.Println(m.Len(), "parts,", m.Size(), "bytes")
	fmt.Printf("%s\n", m.Part(1))

	m = mq.Text("order", "4711", "tea") // of strings
	for i, part := range m.Parts() {
		fmt.Printf("%d: %s\n", i, part)
	}
	// Output:
	// 2 parts, 20 bytes
	// {"item": "tea"}
	// 0: order
	// 1: 4711
	// 2: tea
}

// What Recv returns is read-only: all subscribers of a PUB are given the same
// bytes. Clone makes bytes to write on.
func ExampleMessage_Clone() {
	m := mq.Text("tea", "green")
	own := m.Clone()
	own.Data[0] = 'p'
	fmt.Println(m, own)
	// Output: tea|green pea|green
}

// A deadline ends the call, not the socket: nothing was taken, and the next call
// goes on from there. TestTimeoutWithSynctest, in the file of this example, tests
// such code without waiting.
func ExampleReceiver_timeout() {
	ctx := context.Background()
	push, pull := mq.NewPush(), mq.NewPull()
	defer push.Close()
	defer pull.Close()
	if err := errors.Join(push.Bind("inproc://work"), pull.Connect("inproc://work")); err != nil {
		log.Fatal(err)
	}

	soon, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	_, err := pull.Recv(soon) // nobody has sent anything
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	fmt.Println(err)

	if err := push.Send(ctx, mq.Text("late")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(pull.Recv(ctx))
	// Output:
	// true
	// mq: recv: context deadline exceeded
	// late <nil>
}

// How to test code that waits: a bubble of testing/synctest runs on a clock of its
// own, which jumps ahead as soon as everybody in it waits. Sockets work there if
// they are made there. A server takes three seconds, the client's patience ends
// after one, and the test takes no time at all.
func TestTimeoutWithSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := mq.NewRuntime() // its names are nobody else's
		defer rt.Close()
		req, rep := mq.NewReq(mq.WithRuntime(rt)), mq.NewRep(mq.WithRuntime(rt))
		if err := errors.Join(rep.Bind("inproc://slow"), req.Connect("inproc://slow")); err != nil {
			t.Fatal(err)
		}
		go func() {
			if _, err := rep.Recv(t.Context()); err != nil {
				t.Error(err)
				return
			}
			<-time.After(3 * time.Second) // on the clock of the bubble
			if err := rep.Send(t.Context(), mq.Text("answer")); err != nil {
				t.Error(err)
			}
		}()

		start := time.Now()
		if err := req.Send(t.Context(), mq.Text("question")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := req.Recv(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after a second: %v, want a deadline exceeded", err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("Recv gave up after %v, want exactly 1s", waited)
		}

		// The request is still under way: Recv again.
		m, err := req.Recv(t.Context())
		if err != nil || string(m.Data) != "answer" {
			t.Errorf("then: %v, %v", m, err)
		}
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("the answer came after %v, want exactly 3s", waited)
		}
	})
}

// Closing is like closing a channel: what was sent can still be received, and
// those who wait on the closed socket itself are woken.
func ExampleSocket_close() {
	ctx := context.Background()
	push, pull := mq.NewPush(), mq.NewPull()
	if err := errors.Join(push.Bind("inproc://work"), pull.Connect("inproc://work")); err != nil {
		log.Fatal(err)
	}
	if err := push.Send(ctx, mq.Text("last words")); err != nil {
		log.Fatal(err)
	}
	fmt.Println("close push:", push.Close())
	fmt.Println(pull.Recv(ctx))

	waiting := make(chan error)
	go func() {
		_, err := pull.Recv(ctx) // there is nobody left to send
		waiting <- err
	}()
	fmt.Println("close pull:", pull.Close())
	fmt.Println("woken:", errors.Is(<-waiting, mq.ErrClosed))
	fmt.Println("again:", pull.Close())
	// Output:
	// close push: <nil>
	// last words <nil>
	// close pull: <nil>
	// woken: true
	// again: <nil>
}

// No worker ever came for these messages, so Close hands them back.
func ExampleUndeliveredError() {
	ctx := context.Background()
	push := mq.NewPush()
	for _, job := range []string{"wash", "dry"} {
		if err := push.Send(ctx, mq.Text(job)); err != nil {
			log.Fatal(err)
		}
	}

	err := push.Close()
	fmt.Println(err)
	var left *mq.UndeliveredError
	if errors.As(err, &left) {
		for _, m := range left.Messages {
			fmt.Println("to keep for the next start:", m)
		}
	}
	// Output:
	// mq: close: 2 messages undelivered
	// to keep for the next start: wash
	// to keep for the next start: dry
}

// Names of inproc are known within one runtime, so two parts of a program, or two
// tests, can use the same ones. Its Close closes all that was made in it.
func ExampleRuntime() {
	ctx := context.Background()
	for _, color := range []string{"blue", "green"} {
		rt := mq.NewRuntime()
		defer rt.Close()
		push, pull := mq.NewPush(mq.WithRuntime(rt)), mq.NewPull(mq.WithRuntime(rt))
		if err := errors.Join(push.Bind("inproc://jobs"), pull.Connect("inproc://jobs")); err != nil {
			log.Fatal(err) // not in use: the other one is in another runtime
		}
		if err := push.Send(ctx, mq.Text(color)); err != nil {
			log.Fatal(err)
		}
		fmt.Println(pull.Recv(ctx))
	}
	// Output:
	// blue <nil>
	// green <nil>
}

// Every error says what was tried, where, and why it failed. This program has
// forgotten the import that brings tcp.
func ExampleError() {
	push := mq.NewPush()
	defer push.Close()

	err := push.Connect("tcp://10.0.0.1:5555")
	if errors.Is(err, mq.ErrNoTransport) {
		fmt.Println(err)
	}
	var e *mq.Error
	if errors.As(err, &e) {
		fmt.Println(e.Op, "of", e.Addr)
	}
	// Output:
	// mq: connect tcp://10.0.0.1:5555: unknown scheme (forgotten import?): import _ "github.com/seedmq/mq/net" for tcp
	// connect of tcp://10.0.0.1:5555
}

// A PUB keeps nothing for the absent. Where the first message matters, wait for
// the subscriber, who starts when he likes.
func ExamplePub_waitSubscribers() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pub, sub := mq.NewPub(), mq.NewSub()
	defer pub.Close()
	defer sub.Close()

	var reader sync.WaitGroup
	reader.Go(func() {
		if err := errors.Join(sub.Connect("inproc://prices"), sub.Subscribe("gold")); err != nil {
			log.Print(err)
			return
		}
		fmt.Println(sub.Recv(ctx))
	})

	if err := pub.Bind("inproc://prices"); err != nil {
		log.Fatal(err)
	}
	if err := pub.WaitSubscribers(ctx, "gold", 1); err != nil {
		log.Fatal(err)
	}
	if err := pub.Send(ctx, mq.Text("gold", "up")); err != nil {
		log.Fatal(err)
	}
	reader.Wait()
	// Output: gold|up <nil>
}

// Connect returns at once, whether or not the peer is there. WaitPeers tells when
// all have come. Jobs need no such wait, for PUSH keeps them; a stopwatch does.
func ExampleSocket_waitPeers() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	push := mq.NewPush()
	defer push.Close()
	if err := push.Bind("inproc://jobs"); err != nil {
		log.Fatal(err)
	}

	var starting sync.WaitGroup
	for range 3 {
		pull := mq.NewPull()
		defer pull.Close()
		starting.Go(func() {
			if err := pull.Connect("inproc://jobs"); err != nil {
				log.Print(err)
			}
		})
	}
	if err := push.WaitPeers(ctx, 3); err != nil {
		log.Fatal(err)
	}
	fmt.Println("workers:", push.Stats().Peers)
	starting.Wait()
	// Output: workers: 3
}
