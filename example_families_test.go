// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strconv"
	"sync"

	"github.com/seedmq/mq"
)

// Requests under way at the same time, over one socket: the server answers none of them
// before it has all, and each reply finds its request.
func ExampleReq_do() {
	ctx := context.Background()
	req, rep := mq.NewReq(), mq.NewRep()
	defer req.Close()
	defer rep.Close() // ends Serve
	if err := errors.Join(rep.Bind("inproc://double"), req.Connect("inproc://double")); err != nil {
		log.Fatal(err)
	}

	replies := make([]mq.Message, 5)
	var asked sync.WaitGroup
	asked.Add(len(replies))
	double := func(_ context.Context, request mq.Message) (mq.Message, error) {
		asked.Done()
		asked.Wait()
		n, err := strconv.Atoi(request.String())
		return mq.Text(strconv.Itoa(2 * n)), err
	}
	go func() {
		if err := rep.Serve(ctx, double); !errors.Is(err, mq.ErrClosed) {
			log.Print(err)
		}
	}()

	var clients sync.WaitGroup
	for n := range replies {
		clients.Go(func() {
			reply, err := req.Do(ctx, mq.Text(strconv.Itoa(n)))
			if err != nil {
				log.Print(err)
			}
			replies[n] = reply
		})
	}
	clients.Wait()
	fmt.Println(replies)
	// Output: [0 2 4 6 8]
}

// A request whose server has died goes to another one, without the caller's doing. The
// first may have done the work before it died, so this is for what can be done twice.
func ExampleWithRetry() {
	ctx := context.Background()
	req := mq.NewReq(mq.WithRetry(1))
	weak, strong := mq.NewRep(), mq.NewRep()
	defer req.Close()
	defer weak.Close()
	defer strong.Close()
	if err := errors.Join(
		weak.Bind("inproc://weak"), req.Connect("inproc://weak"),
		strong.Bind("inproc://strong"), req.Connect("inproc://strong"),
	); err != nil {
		log.Fatal(err)
	}

	go func() {
		request, err := weak.Recv(ctx)
		fmt.Println("weak takes:", request, err)
		weak.Close() // it never answers

		request, err = strong.Recv(ctx)
		fmt.Println("strong takes:", request, err)
		if err := strong.Send(ctx, mq.Text("5 kg")); err != nil {
			log.Print(err)
		}
	}()

	fmt.Println(req.Do(ctx, mq.Text("weigh")))
	// Output:
	// weak takes: weigh <nil>
	// strong takes: weigh <nil>
	// 5 kg <nil>
}

// A server is a function. It may be at work for many clients at once, and what fails is
// answered too, by WithErrorReply. When ctx is done, Serve lets handlers finish and returns.
func ExampleRep_serve() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req := mq.NewReq()
	rep := mq.NewRep(mq.WithErrorReply(func(err error) mq.Message {
		return mq.Text("error", err.Error())
	}))
	defer req.Close()
	defer rep.Close()
	if err := errors.Join(rep.Bind("inproc://square"), req.Connect("inproc://square")); err != nil {
		log.Fatal(err)
	}

	var server sync.WaitGroup
	server.Go(func() {
		err := rep.Serve(ctx, func(_ context.Context, request mq.Message) (mq.Message, error) {
			n, err := strconv.Atoi(request.String())
			return mq.Text("ok", strconv.Itoa(n*n)), err
		})
		fmt.Println(err)
	})

	for _, x := range []string{"7", "seven"} {
		fmt.Println(req.Do(ctx, mq.Text(x)))
	}
	cancel()
	server.Wait()
	// Output:
	// ok|49 <nil>
	// error|strconv.Atoi: parsing "seven": invalid syntax <nil>
	// mq: serve: context canceled
}
