// SPDX-License-Identifier: MIT

package measure

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/seedmq/mq/bench/internal/peer"
)

// memoryOf returns how to ask for the memory that a contender has in use: for what
// is written in Go, heap and stacks after two garbage collections; for C, whose
// heap Go does not see, the memory of the process.
func memoryOf(c peer.Contender) func() (float64, error) {
	if c.Info().Foreign {
		return resident
	}
	return heap
}

func heap() (float64, error) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse), nil
}

// resident is the memory of the process that is in RAM.
func resident() (float64, error) {
	runtime.GC()
	runtime.GC()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, peer.Cannot("the memory of a process can only be had on Linux here")
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0, errors.New("/proc/self/statm has another form")
	}
	pages, err := strconv.Atoi(fields[1])
	return float64(pages * os.Getpagesize()), err
}

// openNow opens a rig for rows that do it themselves.
func openNow(c peer.Contender, row Row, o options) (*live, error) {
	return open(context.Background(), c, row, o)
}

// held measures the memory of n idle things of one kind, in bytes for each.
func held(kind peer.Pattern) func(peer.Contender, options, int) (result, error) {
	return func(c peer.Contender, o options, n int) (result, error) {
		used := memoryOf(c)
		before, err := used()
		if err != nil {
			return result{}, err
		}
		l, err := openNow(c, Row{work: peer.Work{Pattern: kind, N: n}}, o)
		if err != nil {
			return result{}, err
		}
		defer l.close()
		after, err := used()
		runtime.KeepAlive(l.rig)
		return result{Samples: []Sample{{Value: (after - before) / float64(n)}}, N: n}, err
	}
}

// queued measures the memory of n links whose queues are full, for each message.
// All messages share one payload, which is there before.
func queued(c peer.Contender, o options, n int) (result, error) {
	payload := make([]byte, 16)
	used := memoryOf(c)
	before, err := used()
	if err != nil {
		return result{}, err
	}
	l, err := openNow(c, Row{work: peer.Work{Pattern: peer.Links, N: n}}, o)
	if err != nil {
		return result{}, err
	}
	defer l.close()
	if len(l.rig.Send) != n {
		return result{}, peer.Cannot("its queues cannot be told to hold 1000 messages")
	}
	for _, send := range l.rig.Send {
		if err := produce(send, peer.Capacity, payload); err != nil {
			return result{}, err
		}
	}
	l.flush()
	after, err := used()
	runtime.KeepAlive(payload)
	runtime.KeepAlive(l.rig)
	return result{Samples: []Sample{{Value: (after - before) / float64(n*peer.Capacity)}}, N: n}, err
}
