// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/seedmq/mq"
)

// A worker that confirms what it has done loses no job: the first one here takes the job,
// and stops before it is done. Another one gets it, marked, because the first may have
// done some of it.
func ExampleWithAck() {
	ctx := context.Background()
	push := mq.NewPush()
	defer push.Close()
	if err := push.Bind("inproc://orders"); err != nil {
		log.Fatal(err)
	}
	if err := push.Send(ctx, mq.Text("pack the parcel")); err != nil {
		log.Fatal(err)
	}

	for _, name := range []string{"first", "second"} {
		worker := mq.NewPull(mq.WithAck())
		if err := worker.Connect("inproc://orders"); err != nil {
			log.Fatal(err)
		}
		job, err := worker.Recv(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %v, again: %v\n", name, job, job.Redelivered())
		if name == "second" {
			job.Ack() // done
		}
		if err := worker.Close(); err != nil {
			log.Fatal(err)
		}
	}
	s := push.Stats()
	fmt.Println("done:", s.Acknowledged, "left:", s.Queued+s.InFlight)
	// Output:
	// first: pack the parcel, again: false
	// second: pack the parcel, again: true
	// done: 1 left: 0
}

// What is handed back tells what a worker may have begun.
func ExampleMessage_redelivered() {
	ctx := context.Background()
	push, worker := mq.NewPush(), mq.NewPull(mq.WithAck())
	if err := errors.Join(push.Bind("inproc://letters"), worker.Connect("inproc://letters")); err != nil {
		log.Fatal(err)
	}
	for _, letter := range []string{"to Ada", "to Grace"} {
		if err := push.Send(ctx, mq.Text(letter)); err != nil {
			log.Fatal(err)
		}
	}
	if _, err := worker.Recv(ctx); err != nil {
		log.Fatal(err)
	}
	if err := worker.Close(); err != nil {
		log.Fatal(err)
	}

	var left *mq.UndeliveredError
	if errors.As(push.Close(), &left) {
		for _, m := range left.Messages {
			fmt.Printf("%v, perhaps begun: %v\n", m, m.Redelivered())
		}
	}
	// Output:
	// to Ada, perhaps begun: true
	// to Grace, perhaps begun: false
}

// Who only looks at large messages, and keeps nothing of them, may release each. Over
// tcp:// and ipc:// the next one then comes into the same memory; in-process nothing was
// copied, and nothing happens.
func ExampleMessage_Release() {
	ctx := context.Background()
	push, pull := mq.NewPush(), mq.NewPull()
	if err := errors.Join(push.Bind("inproc://pictures"), pull.Connect("inproc://pictures")); err != nil {
		log.Fatal(err)
	}
	for _, size := range []int{300_000, 200_000} {
		if err := push.Send(ctx, mq.Message{Data: make([]byte, size)}); err != nil {
			log.Fatal(err)
		}
	}
	if err := push.Close(); err != nil { // in-process, what was sent stays for its receivers
		log.Fatal(err)
	}
	total := 0
	for range 2 {
		m, err := pull.Recv(ctx)
		if err != nil {
			log.Fatal(err)
		}
		total += m.Size()
		m.Release()
	}
	fmt.Println(total, "bytes", pull.Close())
	// Output: 500000 bytes <nil>
}
