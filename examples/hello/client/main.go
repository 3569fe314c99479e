// SPDX-License-Identifier: MIT

// Command client says "Hello" ten times, and waits for the answer each time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/seedmq/mq"
	_ "github.com/seedmq/mq/net"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "tcp://127.0.0.1:5555", "`address` of the server")
	n := flag.Int("n", 10, "`number` of requests")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := ask(ctx, *addr, *n); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func ask(ctx context.Context, addr string, n int) error {
	req := mq.NewReq()
	defer req.Close()
	if err := req.Connect(addr); err != nil {
		return err
	}
	log.Print("asking ", addr) // and waiting for it, if it is not there yet

	for i := range n {
		if err := req.Send(ctx, mq.Text("Hello")); err != nil {
			return err
		}
		reply, err := req.Recv(ctx)
		if err != nil {
			return err // mq.ErrPeerGone, if the server went away with the request
		}
		fmt.Println(i+1, reply)
	}
	return nil
}
