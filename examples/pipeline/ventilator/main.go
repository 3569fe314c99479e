// SPDX-License-Identifier: MIT

// Command ventilator hands out the numbers from 1 to -n, and ends when workers have
// them all.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/seedmq/mq"
	_ "github.com/seedmq/mq/net"
)

func main() {
	log.SetFlags(0)
	tasks := flag.String("tasks", "tcp://127.0.0.1:5557", "`address` to bind; with port 0, any that is free")
	n := flag.Int("n", 100, "`number` of tasks")
	workers := flag.Int("workers", 1, "`number` of workers to wait for, so that the first does not get it all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := ventilate(ctx, *tasks, *n, *workers); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func ventilate(ctx context.Context, tasks string, n, workers int) error {
	push := mq.NewPush(mq.WithLinger(time.Minute)) // for workers that are slow to take the last tasks
	if err := push.Bind(tasks); err != nil {
		return err
	}
	log.Print("bound to ", push.Addr())
	err := push.WaitPeers(ctx, workers)
	for i := 1; i <= n && err == nil; i++ {
		err = push.Send(ctx, mq.Text(strconv.Itoa(i)))
	}
	return errors.Join(err, push.Close()) // Close tells what nobody has taken
}
