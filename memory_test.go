// SPDX-License-Identifier: MIT

package mq_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// couple makes two sockets that talk to each other.
func couple(t *testing.T, o mq.Option, kind string) (from, to mq.Socket) {
	t.Helper()
	switch kind {
	case "PAIR":
		from, to = mq.NewPair(o), mq.NewPair(o)
	case "PUSH/PULL":
		from, to = mq.NewPush(o), mq.NewPull(o)
	case "REQ/REP":
		from, to = mq.NewReq(o), mq.NewRep(o)
	case "PUB/SUB":
		sub := mq.NewSub(o)
		require.NoError(t, sub.Subscribe(""))
		from, to = mq.NewPub(o), sub
	}
	require.NoError(t, from.Bind("inproc://"+kind))
	require.NoError(t, to.Connect("inproc://"+kind))
	return from, to
}

// fits are the patterns that couple makes.
var fits = []string{"PAIR", "PUSH/PULL", "REQ/REP", "PUB/SUB"}

// pass sends a message from one to the other, and a reply if they are REQ and REP.
func pass(ctx context.Context, kind string, from, to mq.Socket, m mq.Message) error {
	err := from.Send(ctx, m)
	if err == nil {
		m, err = to.Recv(ctx)
	}
	if err != nil || kind != "REQ/REP" {
		return err
	}
	if err = to.Send(ctx, m); err == nil {
		_, err = from.Recv(ctx)
	}
	return err
}

func TestOnePartAllocatesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, kind := range fits {
		for name, ctx := range map[string]context.Context{"background": context.Background(), "cancel": ctx} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				rt := mq.NewRuntime()
				defer rt.Close()
				from, to := couple(t, mq.WithRuntime(rt), kind)
				m := mq.Message{Data: make([]byte, 16)}
				var err error
				allocs := testing.AllocsPerRun(1000, func() {
					if err == nil {
						err = pass(ctx, kind, from, to, m)
					}
				})
				require.NoError(t, err)
				require.Zero(t, allocs)
			})
		}
	}
}

// TestParkingAllocatesNothing passes messages between goroutines that wait for each
// other every time.
func TestParkingAllocatesNothing(t *testing.T) {
	rt := mq.NewRuntime()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a, b := couple(t, mq.WithRuntime(rt), "PAIR")
	echoed := make(chan struct{})
	go func() {
		defer close(echoed)
		for {
			m, err := b.Recv(ctx)
			if err != nil || b.Send(ctx, m) != nil {
				return
			}
		}
	}()
	var err error
	allocs := testing.AllocsPerRun(1000, func() {
		if err == nil {
			err = a.Send(ctx, mq.Message{Data: nil})
		}
		if err == nil {
			_, err = a.Recv(ctx)
		}
	})
	require.NoError(t, err)
	require.Zero(t, allocs)
	rt.Close()
	<-echoed
}

func TestWaitForWhatIsThereAllocatesNothing(t *testing.T) {
	rt := mq.NewRuntime()
	defer rt.Close()
	pub, _ := couple(t, mq.WithRuntime(rt), "PUB/SUB")
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		if err := pub.WaitPeers(t.Context(), 1); err != nil {
			t.Error(err)
		}
	}))
}

// collected waits until n is want, while the garbage collector does what it can.
func collected(t *testing.T, n *atomic.Int32, want int) {
	t.Helper()
	for range 1000 {
		if int(n.Load()) == want {
			return
		}
		runtime.GC()
		runtime.Gosched()
	}
	t.Fatalf("%d of %d were collected", n.Load(), want)
}

//go:noinline
func passGarbage(t *testing.T, kind string, from, to mq.Socket, freed *atomic.Int32) {
	t.Helper()
	one, two := make([]byte, 4096), make([]byte, 4096)
	for _, part := range [][]byte{one, two} {
		runtime.AddCleanup(&part[0], func(*atomic.Int32) { freed.Add(1) }, freed)
	}
	require.NoError(t, pass(t.Context(), kind, from, to, mq.NewMessage(one)))
	require.NoError(t, pass(t.Context(), kind, from, to, mq.NewMessage(nil, two)))
}

func TestMessagesAreLetGo(t *testing.T) {
	for _, kind := range fits {
		t.Run(kind, func(t *testing.T) {
			rt := mq.NewRuntime()
			defer rt.Close()
			from, to := couple(t, mq.WithRuntime(rt), kind)
			freed := new(atomic.Int32)
			for range 20 { // more than the first ring holds
				passGarbage(t, kind, from, to, freed)
			}
			collected(t, freed, 40)
			runtime.KeepAlive(from)
			runtime.KeepAlive(to)
		})
	}
}

// TestPeersAreLetGo has many peers come, and go as their last message is received
// by one of several goroutines that wait.
func TestPeersAreLetGo(t *testing.T) {
	const peers = 300
	rt := mq.NewRuntime()
	pull := mq.NewPull(mq.WithRuntime(rt))
	require.NoError(t, pull.Bind("inproc://x"))
	got := make(chan struct{}, peers)
	var receivers atomic.Int32
	for range 3 {
		receivers.Add(1)
		go func() {
			defer receivers.Add(-1)
			for range mq.Messages(context.Background(), pull) {
				got <- struct{}{}
			}
		}()
	}
	freed := new(atomic.Int32)
	comeAndGo := func() {
		push := mq.NewPush(mq.WithRuntime(rt))
		mq.OnCollect(push, func() { freed.Add(1) })
		require.NoError(t, push.Connect("inproc://x"))
		require.NoError(t, push.Send(t.Context(), mq.Text("x")))
		require.NoError(t, push.Close())
	}
	for range peers {
		comeAndGo()
	}
	for range peers {
		<-got
	}
	collected(t, freed, peers)
	require.NoError(t, rt.Close())
	for receivers.Load() > 0 {
		runtime.Gosched()
	}
}

// An idle link is small whatever its HWM, and a queued message takes little beside
// its payload.
func TestIdleLinksAreSmall(t *testing.T) {
	const links, queued = 500, 1000
	rt := mq.NewRuntime()
	defer rt.Close()
	used := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := used()
	pushes, pulls := make([]mq.Socket, links), make([]mq.Socket, links)
	for i := range links {
		addr := fmt.Sprint("inproc://", i)
		pushes[i], pulls[i] = mq.NewPush(mq.WithRuntime(rt)), mq.NewPull(mq.WithRuntime(rt))
		require.NoError(t, pushes[i].Bind(addr))
		require.NoError(t, pulls[i].Connect(addr))
	}
	require.Less(t, (used()-before)/links, uint64(4096), "bytes of an idle link")

	payload := make([]byte, 16)
	before = used()
	for _, push := range pushes[:50] {
		for range queued {
			require.NoError(t, push.Send(t.Context(), mq.Message{Data: payload}))
		}
	}
	require.Less(t, (used()-before)/(50*queued), uint64(48), "bytes of a queued message")
	runtime.KeepAlive(pulls)
}
