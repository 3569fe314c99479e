// SPDX-License-Identifier: MIT

package pubsub_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/examples/internal/programs"
	"github.com/seedmq/mq/examples/pubsub"
)

func TestPubSub(t *testing.T) {
	dir := programs.Build(t, "./publisher", "./subscriber")
	for _, cast := range programs.Casts("publisher", "subscriber") {
		t.Run(cast.Name, func(t *testing.T) {
			publisher := cast.Start(t, dir, "publisher", "-addr", "tcp://127.0.0.1:*")
			addr := publisher.AwaitAddr()
			one := cast.Start(t, dir, "subscriber", "-addr", addr, "-n", "5", "-zip", "10042")
			ten := cast.Start(t, dir, "subscriber", "-addr", addr, "-n", "50", "-zip", "1007")
			for range 5 {
				require.Regexp(t, `^10042: -?\d+ °C, \d+ %$`, one.AwaitLine("%"))
			}
			one.AwaitLine("average of 5")
			for range 50 {
				require.Regexp(t, `^1007\d: `, ten.AwaitLine("%"))
			}
			ten.AwaitLine("average of 50")
			require.Zero(t, one.Wait())
			require.Zero(t, ten.Wait())
			publisher.Interrupt()
			require.Zero(t, publisher.Wait())
		})
	}
}

func TestWeatherComesBack(t *testing.T) {
	for range 1000 {
		want := pubsub.Random()
		got, err := pubsub.Parse(want.String())
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, line := range []string{"", "10001", "10001 20", "10001 warm 50"} {
		_, err := pubsub.Parse(line)
		require.ErrorContains(t, err, "is no weather")
	}
}
