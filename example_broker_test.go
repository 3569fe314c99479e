// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"

	"github.com/seedmq/mq"
)

// A broker that balances load: a request goes to the worker that has been idle longest.
// A ROUTER knows its peers apart. It puts the routing id of who has sent a message in front
// of it, and then comes the empty part that REQ begins with.
func ExampleNewRouter() {
	ctx := context.Background()
	guests, cooks := mq.NewRouter(), mq.NewRouter()
	defer guests.Close()
	defer cooks.Close()
	if err := errors.Join(guests.Bind("inproc://guests"), cooks.Bind("inproc://cooks")); err != nil {
		log.Fatal(err)
	}

	// each calls f for all that s receives until it is closed.
	each := func(s mq.Socket, f func(mq.Message) error) {
		for m, err := range mq.Messages(ctx, s) {
			if err == nil {
				err = f(m)
			}
			if err != nil {
				log.Print(err)
				return
			}
		}
	}

	for _, name := range []string{"ann", "bob"} {
		cook := mq.NewReq(mq.WithRoutingID(name))
		defer cook.Close()
		if err := errors.Join(cook.Connect("inproc://cooks"), cook.Send(ctx, mq.Text("ready"))); err != nil {
			log.Fatal(err)
		}
		go each(cook, func(m mq.Message) error { // guest | | order
			meal := fmt.Sprintf("%s by %s", m.Part(2), name)
			return cook.Send(ctx, mq.NewMessage(m.Part(0), m.Part(1), []byte(meal)))
		})
	}

	idle := make(chan []byte, 10)             // routing ids of cooks
	go each(cooks, func(m mq.Message) error { // cook | | ready, or cook | | guest | | meal
		idle <- m.Data
		if m.Len() == 3 {
			return nil
		}
		return guests.Send(ctx, mq.NewMessage(m.More[1:]...))
	})
	go each(guests, func(m mq.Message) error { // guest | | order
		return cooks.Send(ctx, mq.NewMessage(<-idle, nil, m.Part(0), m.Part(1), m.Part(2)))
	})

	guest := mq.NewReq()
	defer guest.Close()
	if err := guest.Connect("inproc://guests"); err != nil {
		log.Fatal(err)
	}
	for _, order := range []string{"soup", "rice", "cake"} {
		if err := guest.Send(ctx, mq.Text(order)); err != nil {
			log.Fatal(err)
		}
		fmt.Println(guest.Recv(ctx))
	}
	// Output:
	// soup by ann <nil>
	// rice by bob <nil>
	// cake by ann <nil>
}

// A forwarder between a publisher and its subscribers, who need not know each other. What
// they subscribe to flows upstream through it, so nothing comes down that nobody wants.
func ExampleProxy() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pub, front, back, sub := mq.NewPub(), mq.NewXSub(), mq.NewXPub(), mq.NewSub()
	for _, s := range []mq.Socket{pub, front, back, sub} {
		defer s.Close()
	}
	if err := errors.Join(
		pub.Bind("inproc://source"), front.Connect("inproc://source"),
		back.Bind("inproc://news"), sub.Connect("inproc://news"),
		sub.Subscribe("sport."),
	); err != nil {
		log.Fatal(err)
	}

	var proxy sync.WaitGroup
	proxy.Go(func() {
		err := mq.Proxy(ctx, front, back)
		fmt.Println("ended by ctx:", errors.Is(err, context.Canceled))
	})

	if err := pub.WaitSubscribers(ctx, "sport.", 1); err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(
		pub.Send(ctx, mq.Text("weather.rain", "5 mm")),
		pub.Send(ctx, mq.Text("sport.football", "2:1")),
	); err != nil {
		log.Fatal(err)
	}
	fmt.Println(sub.Recv(ctx))
	cancel()
	proxy.Wait()
	// Output:
	// sport.football|2:1 <nil>
	// ended by ctx: true
}

// A cache of last values: who comes late learns the price of now, and not only the next
// one. An XPUB receives subscriptions, with a 1 in front, and with WithVerbose also those
// that others have made before.
func ExampleNewXPub() {
	ctx := context.Background()
	last := map[string]string{}
	cache := mq.NewXPub(mq.WithVerbose())
	defer cache.Close()
	if err := cache.Bind("inproc://prices"); err != nil {
		log.Fatal(err)
	}

	for _, price := range []string{"100", "101"} {
		last["gold"] = price // before anybody new is there
		sub := mq.NewSub()
		defer sub.Close()
		if err := errors.Join(sub.Connect("inproc://prices"), sub.Subscribe("gold")); err != nil {
			log.Fatal(err)
		}

		subscription, err := cache.Recv(ctx)
		if err != nil {
			log.Fatal(err)
		}
		topic := string(subscription.Data[1:])
		if err := cache.Send(ctx, mq.Text(topic, last[topic])); err != nil {
			log.Fatal(err)
		}
		fmt.Println(sub.Recv(ctx))
	}
	// Output:
	// gold|100 <nil>
	// gold|101 <nil>
}
