// SPDX-License-Identifier: MIT

package mqnet_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq"
	"github.com/seedmq/mq/net/internal/pyzmq"
)

const (
	pulse    = 100 * time.Millisecond // between PINGs
	deadline = 4 * time.Second        // without an answer
	lifetime = 10 * time.Second       // of the links: more than two deadlines
)

// theirPulse has libzmq send PINGs, and ask for as many.
var theirPulse = map[string]any{
	"HEARTBEAT_IVL":     int(pulse.Milliseconds()),
	"HEARTBEAT_TIMEOUT": int(deadline.Milliseconds()),
	"HEARTBEAT_TTL":     int(deadline.Milliseconds()),
}

// hearts are who sends PINGs.
var hearts = []struct {
	name       string
	mq, libzmq bool
}{
	{"libzmq", false, true},
	{"mq", true, false},
	{"both", true, true},
}

// Links on which nothing is sent but PINGs stay, whoever sends them (B-CMD-10 to 15).
func TestLibzmqHeartbeats(t *testing.T) {
	t.Parallel()
	// A machine that stands still for a while has all hearts stop.
	for attempt := 1; ; attempt++ {
		lost, stoodStill := beat(t)
		if len(lost) == 0 {
			return
		}
		if !stoodStill || attempt == 3 {
			t.Fatal("lost: ", lost)
		}
	}
}

// beat returns who was lost, and whether that may be the fault of the machine.
func beat(t *testing.T) (lost []string, stoodStill bool) {
	t.Helper()
	p := pyzmq.Start(t)
	defer p.Kill()
	lines := make(map[string]*line)
	for i, heart := range hearts {
		for j, pair := range pairs {
			var opts []mq.Option
			if heart.mq {
				opts = append(opts, mq.WithHeartbeat(pulse, deadline))
			}
			l := newLine(t, p, pair, opts...)
			defer l.mq.Close() // before the process ends
			for name, value := range theirPulse {
				if heart.libzmq {
					require.NoError(t, l.zmq.Set(name, value))
				}
			}
			require.NoError(t, l.zmq.Monitor())
			scheme := schemes[(i+j)%len(schemes)]
			l.join(t, j%2 == 0, scheme.addr(t))
			lines[fmt.Sprintf("%s-%s over %s, PINGs of %s", pair[0], pair[1], scheme.name, heart.name)] = l
		}
	}
	stoodStill = stay(t)
	for name, l := range lines {
		if len(l.heard.all(mq.EventDisconnected)) > 0 {
			lost = append(lost, name+": mq")
		}
		for _, e := range l.zmq.Events() {
			if e.Name == "DISCONNECTED" {
				lost = append(lost, name+": libzmq")
			}
		}
		if len(lost) == 0 {
			l.round(t, parts("still here")...)
		}
	}
	return lost, stoodStill
}

// stay lets the time pass, and reports whether it went by in leaps.
func stay(t *testing.T) (leapt bool) {
	t.Helper()
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	for began, last := time.Now(), time.Now(); time.Since(began) < lifetime; last = time.Now() {
		<-tick.C
		leapt = leapt || time.Since(last) > deadline/4
	}
	return leapt
}
