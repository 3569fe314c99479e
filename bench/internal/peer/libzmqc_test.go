// SPDX-License-Identifier: MIT

//go:build libzmq && cgo

package peer

import (
	"errors"
	"sync"
	"testing"
)

var oneToOne = Work{Pattern: Pipeline, Producers: 1, Consumers: 1, Over: "tcp", Size: 10}

// Loops in C end when the rig is stopped, whatever they wait for, or are about to.
func TestStopEndsLoopsInC(t *testing.T) {
	for name, f := range map[string]func(*Rig) error{
		"receive": func(r *Rig) error { return r.RecvMany[0](1, 10) },
		"send":    func(r *Rig) error { return r.SendMany[0](1<<30, make([]byte, 10)) }, // which nobody receives
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				r, err := libzmqC{}.Open(t.Context(), oneToOne)
				if err != nil {
					t.Fatal(err)
				}
				begins := make(chan struct{})
				var waiting sync.WaitGroup
				waiting.Go(func() {
					close(begins)
					if err := f(r); !errors.Is(err, errStopped) {
						t.Errorf("%v, want %v", err, errStopped)
					}
				})
				<-begins
				r.Stop()
				waiting.Wait()
				r.Close()
			}
		})
	}
}

func TestLoopsInCLookAtSizes(t *testing.T) {
	r, err := libzmqC{}.Open(t.Context(), oneToOne)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { r.Stop(); r.Close() }()
	if err := r.SendMany[0](2, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := r.RecvMany[0](1, 10); err != nil {
		t.Error(err)
	}
	if err := r.RecvMany[0](1, 11); err == nil {
		t.Error("10 bytes arrived where 11 were sent, and nobody says so")
	}
}

// Both directions of each pattern pass what was sent.
func TestMixedPassesMessages(t *testing.T) {
	for _, m := range []mixed{{toLibzmq: true}, {}} {
		for _, over := range []string{"tcp", "ipc"} {
			t.Run(m.name()+"/"+over, func(t *testing.T) {
				r, err := m.Open(t.Context(), Work{Pattern: Pipeline, Producers: 1, Consumers: 1, Over: over, Size: 10})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { r.Stop(); r.Close() }()
				for _, text := range []string{"first", "second"} {
					if err := r.Send[0]([]byte(text)); err != nil {
						t.Fatal(err)
					}
					if p, err := r.Recv[0](); err != nil || string(p) != text {
						t.Errorf("%q, %v; want %q", p, err, text)
					}
				}
			})
		}
	}
}
