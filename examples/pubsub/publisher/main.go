// SPDX-License-Identifier: MIT

// Command publisher tells the weather of random places, until Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/examples/pubsub"
	_ "github.com/seedmq/mq/net"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "tcp://127.0.0.1:5556", "`address` to bind; with port 0, any that is free")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := publish(ctx, *addr); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func publish(ctx context.Context, addr string) error {
	pub := mq.NewPub()
	defer pub.Close()
	if err := pub.Bind(addr); err != nil {
		return err
	}
	log.Print("bound to ", pub.Addr())

	// Send does not wait for anybody: without a pause, slow subscribers would miss much.
	for tick := time.NewTicker(time.Millisecond); ctx.Err() == nil; <-tick.C {
		for range 100 {
			if err := pub.Send(ctx, mq.Text(pubsub.Random().String())); err != nil {
				return err
			}
		}
	}
	return nil
}
