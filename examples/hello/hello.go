// SPDX-License-Identifier: MIT

// Package hello is two programs that talk over REQ and REP: the client says "Hello",
// the server answers "World". In two terminals, in any order:
//
//	go run ./examples/hello/server
//	go run ./examples/hello/client
//
// Each can be replaced by its twin in Python, which uses libzmq:
//
//	python3 examples/hello/server.py
//	python3 examples/hello/client.py
//
// All take -addr, by default tcp://127.0.0.1:5555; it can be another machine's, or
// ipc:///tmp/hello.
package hello
