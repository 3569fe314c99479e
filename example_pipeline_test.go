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
