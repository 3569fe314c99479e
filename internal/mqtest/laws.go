// SPDX-License-Identifier: MIT

// Package mqtest is the conformance suite: what the patterns of mq promise, as
// laws that hold on every scheme of addresses.
//
// A law is one sentence and the test that holds it. Its ids say where the
// sentence comes from: A-... and D-... are lines of the checklist that was drawn
// from the RFCs of ZeroMQ and from the behaviour of libzmq (ids.go lists them),
// MQ-... is a promise of mq beyond these. Where mq departs from an RFC or from
// libzmq, the law says so, and why.
package mqtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seedmq/mq"
)

// Law is one sentence, and the test that holds it.
type Law struct {
	ID      string // one or several ids, with spaces between
	Pattern string // who shall: PUSH, PULL, ..., or ALL
	Shall   string // what; a sentence that begins after "shall"
	Departs string // why the promise is not what the RFC asks or libzmq does; "" if it is
	Only    string // why the law holds in-process only; "" if it holds on every scheme
	Run     func(t *testing.T, e *Env)
}

// String is the clause of the law.
func (l Law) String() string {
	s := fmt.Sprintf("%s: %s shall %s.", l.ID, l.Pattern, l.Shall)
	if l.Departs != "" {
		s += " (Departs: " + l.Departs + ".)"
	}
	return s
}

// Laws are all of them.
func Laws() []Law {
	return slices.Concat(
		messageLaws(), pairLaws, pairPeerLaws,
		reqLaws, repLaws, lostPeerLaws, doLaws, serveLaws,
		dealerLaws, routerLaws, routeLaws,
		pubLaws, topicLaws, subLaws, noDropLaws, xpubLaws, askedLaws, xsubLaws,
		pushLaws, boundLaws, pullLaws, workerLaws,
		addressLaws, bindLaws, compatibleLaws,
		closingLaws, handBackLaws, contextLaws(), statsLaws, proxyLaws,
	)
}

// Scheme is a kind of addresses to run the laws over.
type Scheme struct {
	Name string
	// Addr returns an address that was never used before. It can be bound and
	// connected to, in any order and any number of times.
	Addr func(t testing.TB) string
	// Options are given to every socket, before those of the law.
	Options []mq.Option
	// Inproc says that no kernel, no codec and no goroutine stands between peers.
	// Then each law runs in a synctest bubble: that a call blocks is proven and not
	// waited for, time is fake, and a goroutine left behind fails the law.
	Inproc bool
}

// Run holds the laws against a scheme. Each is a subtest PATTERN/ID, which prints
// its clause if it fails.
func Run(t *testing.T, s Scheme) {
	byPattern := map[string][]Law{}
	var patterns []string
	for _, law := range Laws() {
		if byPattern[law.Pattern] == nil {
			patterns = append(patterns, law.Pattern)
		}
		byPattern[law.Pattern] = append(byPattern[law.Pattern], law)
	}
	for _, pattern := range patterns {
		t.Run(pattern, func(t *testing.T) {
			if !s.Inproc {
				t.Parallel()
			}
			for _, law := range byPattern[pattern] {
				t.Run(strings.ReplaceAll(law.ID, " ", ","), law.hold(s))
			}
		})
	}
}

// hold is the test of one law over one scheme.
func (l Law) hold(s Scheme) func(*testing.T) {
	return func(t *testing.T) {
		if l.Only != "" && !s.Inproc {
			t.Skipf("in-process only: %s", l.Only)
		}
		defer func() {
			if t.Failed() {
				t.Logf("broken over %s: %v", s.Name, l)
			}
		}()
		if s.Inproc {
			synctest.Test(t, func(t *testing.T) { l.run(t, s) })
		} else {
			t.Parallel() // it waits most of the time
			l.run(t, s)
		}
	}
}

func (l Law) run(t *testing.T, s Scheme) {
	ctx, stop := context.WithTimeout(context.Background(), lifetime)
	defer stop()
	e := &Env{t: t, scheme: s, runtime: mq.NewRuntime(), ctx: ctx}
	defer e.end()
	l.Run(t, e)
}
