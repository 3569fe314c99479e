// SPDX-License-Identifier: MIT

// Command server answers "World" to whatever clients say, until Ctrl-C.
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
	addr := flag.String("addr", "tcp://127.0.0.1:5555", "`address` to bind; with port 0, any that is free")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, *addr); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, addr string) error {
	rep := mq.NewRep()
	defer rep.Close()
	if err := rep.Bind(addr); err != nil {
		return err
	}
	log.Print("bound to ", rep.Addr())

	for request, err := range mq.Messages(ctx, rep) {
		if err != nil {
			return err
		}
		fmt.Println("received", request)
		if err := rep.Send(ctx, mq.Text("World")); err != nil {
			return err
		}
	}
	return nil
}
