// SPDX-License-Identifier: MIT

// Command sink collects -n results, and tells their sum.
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
	results := flag.String("results", "tcp://127.0.0.1:5558", "`address` to bind; with port 0, any that is free")
	n := flag.Int("n", 100, "`number` of results to wait for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := collect(ctx, *results, *n); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func collect(ctx context.Context, results string, n int) error {
	pull := mq.NewPull()
	defer pull.Close()
	if err := pull.Bind(results); err != nil {
		return err
	}
	log.Print("bound to ", pull.Addr())

	var sum int64
	for range n {
		m, err := pull.Recv(ctx)
		if err != nil {
			return err
		}
		var number, square int64
		if _, err := fmt.Sscan(m.String(), &number, &square); err != nil {
			return fmt.Errorf("%q is no result: %w", m, err)
		}
		sum += square
	}
	fmt.Println(n, "results, their sum is", sum)
	return nil
}
