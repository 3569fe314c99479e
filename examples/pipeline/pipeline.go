// SPDX-License-Identifier: MIT

// Package pipeline is three programs that talk over PUSH and PULL: a ventilator hands
// out tasks, any number of workers do them side by side, and a sink collects the
// results. In three terminals or more, in any order:
//
//	go run ./examples/pipeline/sink
//	go run ./examples/pipeline/worker
//	go run ./examples/pipeline/ventilator
//
// Each can be replaced by its twin in Python, which uses libzmq:
//
//	python3 examples/pipeline/sink.py
//	python3 examples/pipeline/worker.py
//	python3 examples/pipeline/ventilator.py
//
// A task is a number, and the result is its square: "12" becomes "12 144". The
// ventilator binds -tasks, by default tcp://127.0.0.1:5557, and the sink -results, by
// default tcp://127.0.0.1:5558; workers connect to both.
package pipeline
