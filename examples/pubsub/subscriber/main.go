// SPDX-License-Identifier: MIT

// Command subscriber listens to the weather of one place, and tells the averages of
// what it heard.
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
	"github.com/seedmq/mq/examples/pubsub"
	_ "github.com/seedmq/mq/net"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "tcp://127.0.0.1:5556", "`address` of the publisher")
	zip := flag.String("zip", "10001", "`prefix` of the zip codes to listen to; all, if empty")
	n := flag.Int("n", 10, "`number` of messages to wait for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := listen(ctx, *addr, *zip, *n); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func listen(ctx context.Context, addr, zip string, n int) error {
	sub := mq.NewSub()
	defer sub.Close()
	if err := sub.Subscribe(zip); err != nil {
		return err
	}
	if err := sub.Connect(addr); err != nil {
		return err
	}
	log.Print("listening to ", addr)

	var temperature, humidity int
	for range n {
		m, err := sub.Recv(ctx)
		if err != nil {
			return err
		}
		w, err := pubsub.Parse(m.String())
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d °C, %d %%\n", w.Zip, w.Temperature, w.Humidity)
		temperature += w.Temperature
		humidity += w.Humidity
	}
	if n > 0 {
		fmt.Printf("average of %d: %d °C, %d %%\n", n, temperature/n, humidity/n)
	}
	return nil
}
