// SPDX-License-Identifier: MIT

// Command worker squares numbers, until Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"

	"github.com/seedmq/mq"
	_ "github.com/seedmq/mq/net"
)

func main() {
	log.SetFlags(0)
	tasks := flag.String("tasks", "tcp://127.0.0.1:5557", "`address` of the ventilator")
	results := flag.String("results", "tcp://127.0.0.1:5558", "`address` of the sink")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := work(ctx, *tasks, *results); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func work(ctx context.Context, tasks, results string) (err error) {
	pull, push := mq.NewPull(), mq.NewPush()
	defer func() { err = errors.Join(err, pull.Close(), push.Close()) }()
	if err := errors.Join(push.Connect(results), pull.Connect(tasks)); err != nil {
		return err
	}
	log.Printf("working for %s and %s", tasks, results)

	for task, err := range mq.Messages(ctx, pull) {
		if err != nil {
			return err
		}
		i, err := strconv.Atoi(task.String())
		if err != nil {
			log.Print("not a task: ", err)
			continue
		}
		if err := push.Send(ctx, mq.Text(fmt.Sprint(i, i*i))); err != nil {
			return err
		}
	}
	return nil
}
