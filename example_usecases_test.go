// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strconv"
	"time"

	"github.com/seedmq/mq"
)

// Every registration is followed by a mail and an SMS. In line, the user waits for
// both; behind a queue, only until they are noted there. The work is as much as
// before, but nobody waits for it.
//
// Time is simulated, in milliseconds: the front desk and the courier work at the
// same time, so each has a clock, and a job carries the time at which it was given.
func Example_asynchronousProcessing() {
	ctx := context.Background()
	users := []string{"ann", "bob"}
	cost := map[string]int{"save": 5, "mail": 300, "sms": 200}

	clock := 0
	for _, user := range users {
		clock += cost["save"] + cost["mail"] + cost["sms"]
		fmt.Printf("in line: %s is answered at %d ms\n", user, clock)
	}

	outbox, courier := mq.NewPush(), mq.NewPull()
	defer outbox.Close()
	defer courier.Close()
	if err := errors.Join(outbox.Bind("inproc://outbox"), courier.Connect("inproc://outbox")); err != nil {
		log.Fatal(err)
	}
	answered := make(chan struct{})
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		<-answered // a mail server that hangs until everybody has the answer
		clock := 0
		for range 2 * len(users) {
			job, err := courier.Recv(ctx)
			if err != nil {
				log.Print(err)
				return
			}
			given, err := strconv.Atoi(string(job.Part(2)))
			if err != nil {
				log.Print(err)
				return
			}
			clock = max(clock, given) + cost[string(job.Part(0))]
			fmt.Printf("%s to %s is out at %d ms\n", job.Part(0), job.Part(1), clock)
		}
	}()

	clock = 0
	for _, user := range users {
		clock += cost["save"]
		now := strconv.Itoa(clock)
		if err := errors.Join(
			outbox.Send(ctx, mq.Text("mail", user, now)),
			outbox.Send(ctx, mq.Text("sms", user, now)),
		); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("queued: %s is answered at %d ms\n", user, clock)
	}
	close(answered)
	<-delivered
	// Output:
	// in line: ann is answered at 505 ms
	// in line: bob is answered at 1010 ms
	// queued: ann is answered at 5 ms
	// queued: bob is answered at 10 ms
	// mail to ann is out at 305 ms
	// sms to ann is out at 505 ms
	// mail to bob is out at 805 ms
	// sms to bob is out at 1005 ms
}

// Orders are taken whether or not the stock service is up: they wait in the queue
// of the PUSH, up to its bound, and reach the service when it comes back. A service
// that goes down takes none along that it has not received. (The queue is memory
// of this process: it outlives the service, not the process.)
func Example_decoupling() {
	ctx := context.Background()
	orders := mq.NewPush()
	defer orders.Close()
	if err := orders.Connect("inproc://stock"); err != nil { // nobody has to be there
		log.Fatal(err)
	}
	accept := func(order string) {
		if err := orders.Send(ctx, mq.Text(order)); err != nil {
			log.Fatal(err)
		}
		fmt.Println("accepted", order)
	}
	// stock is one life of the service: it comes up, serves n orders, and goes down.
	stock := func(n int) {
		pull := mq.NewPull()
		defer pull.Close()
		if err := pull.Bind("inproc://stock"); err != nil {
			log.Fatal(err)
		}
		for range n {
			order, err := pull.Recv(ctx)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println("  stock: reserved", order)
		}
		fmt.Println("  stock: down")
	}

	accept("tea")
	accept("rice")
	stock(1)
	accept("salt")
	fmt.Println("waiting:", orders.Stats().Queued)
	stock(2)
	fmt.Println("waiting:", orders.Stats().Queued)
	// Output:
	// accepted tea
	// accepted rice
	//   stock: reserved tea
	//   stock: down
	// accepted salt
	// waiting: 2
	//   stock: reserved rice
	//   stock: reserved salt
	//   stock: down
	// waiting: 0
}

// A burst of ten meets a consumer that takes one at a time, and a queue of four.
// At the bound Send waits, and so the burst is spread to the pace of the consumer.
// A caller that cannot wait gives a deadline, and keeps the message.
func Example_peakShaving() {
	ctx := context.Background()
	const burst, bound = 10, 4
	push, pull := mq.NewPush(mq.WithSendHWM(bound)), mq.NewPull()
	defer push.Close()
	defer pull.Close()
	if err := errors.Join(push.Bind("inproc://peak"), pull.Connect("inproc://peak")); err != nil {
		log.Fatal(err)
	}

	for n := range bound { // these find room
		if err := push.Send(ctx, mq.Text(strconv.Itoa(n))); err != nil {
			log.Fatal(err)
		}
	}
	soon, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	err := push.Send(soon, mq.Text(strconv.Itoa(bound)))
	fmt.Println("one more:", err)

	sent := make(chan error, 1)
	go func() { // who can wait, waits in Send
		for n := bound; n < burst; n++ {
			if err := push.Send(ctx, mq.Text(strconv.Itoa(n))); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()

	var served []string
	longest := 0
	for range burst {
		longest = max(longest, push.Stats().Queued)
		m, err := pull.Recv(ctx)
		if err != nil {
			log.Fatal(err)
		}
		served = append(served, string(m.Data))
	}
	fmt.Println("all sent:", <-sent)
	fmt.Println("served:", served)
	fmt.Println("longest queue:", longest)
	// Output:
	// one more: mq: send: context deadline exceeded
	// all sent: <nil>
	// served: [0 1 2 3 4 5 6 7 8 9]
	// longest queue: 4
}

// In a select, a goroutine pumps the messages into a channel. At cancellation it
// may have one in hand, so it must not give up on the channel when ctx is done:
// whoever cancels takes that one too, by receiving until the channel is closed.
func ExampleSocket_select() {
	push, pull := mq.NewPush(), mq.NewPull()
	defer push.Close()
	defer pull.Close()
	if err := errors.Join(push.Bind("inproc://jobs"), pull.Connect("inproc://jobs")); err != nil {
		log.Fatal(err)
	}
	for n := range 5 {
		if err := push.Send(context.Background(), mq.Text(strconv.Itoa(n))); err != nil {
			log.Fatal(err)
		}
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	jobs := make(chan mq.Message)
	go func() {
		defer close(jobs)
		for m, err := range mq.Messages(ctx, pull) {
			if err != nil {
				return // ctx is done, and this call of Recv has taken nothing
			}
			jobs <- m // no select with ctx.Done(): m would be lost
		}
	}()

	stop := make(chan struct{})
	for running := true; running; {
		select {
		case m := <-jobs:
			fmt.Println(m)
			if string(m.Data) == "1" {
				close(stop)
			}
		case <-stop: // or a signal, a timer, ...
			running = false
		}
	}
	cancel()
	for m := range jobs { // one at most
		fmt.Println(m)
	}
	for pull.Stats().Pending > 0 { // the pump left these where they were
		m, err := pull.Recv(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m)
	}
	// However much had been done when it stopped, nothing is lost:

	// Output:
	// 0
	// 1
	// 2
	// 3
	// 4
}
