// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
)

// BenchmarkPipeline is messages from one PUSH to one PULL, which acknowledges, beside the
// same from DEALER to DEALER, where nobody does. The difference is what it costs not to lose.
func BenchmarkPipeline(b *testing.B) {
	for _, scheme := range schemes {
		for _, size := range []int{10, 1_000, 100_000} {
			for _, kinds := range [][2]string{{"PUSH", "PULL"}, {"DEALER", "DEALER"}} {
				b.Run(fmt.Sprintf("%s/%d/%s", scheme.name, size, kinds[0]), func(b *testing.B) {
					benchOneWay(b, scheme.addr(b), kinds, size)
				})
			}
		}
	}
}

// BenchmarkWindow is the same with less and less that may be sent ahead. BenchmarkBeside shows
// what that is good for.
func BenchmarkWindow(b *testing.B) {
	for _, n := range []int{16384, 512, 256, 128, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchOneWay(b, schemes[0].addr(b), [2]string{"PUSH", "PULL"}, 1000, mq.WithWindow(n))
		})
	}
}

// benchOneWay has options for who receives.
func benchOneWay(b *testing.B, addr string, kinds [2]string, size int, opts ...mq.Option) {
	makers := map[string]func(...mq.Option) mq.Socket{"PUSH": mq.NewPush, "PULL": mq.NewPull, "DEALER": mq.NewDealer}
	from, to := makers[kinds[0]](mq.WithLinger(0)), makers[kinds[1]](opts...)
	defer from.Close()
	defer to.Close()
	require.NoError(b, to.Bind(addr))
	require.NoError(b, from.Connect(to.Addr()))
	ctx := context.Background()
	data := bytes.Repeat([]byte{1}, size) // not the one page of zeros
	b.SetBytes(int64(size))
	b.ResetTimer()
	go func() {
		for range b.N {
			if err := from.Send(ctx, mq.Message{Data: data}); err != nil {
				return
			}
		}
	}()
	for range b.N {
		if _, err := to.Recv(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
