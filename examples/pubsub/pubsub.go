// SPDX-License-Identifier: MIT

// Package pubsub is two programs that talk over PUB and SUB: a weather service tells
// temperature and humidity for places by their zip code, and subscribers choose the
// places. In two terminals or more, in any order:
//
//	go run ./examples/pubsub/publisher
//	go run ./examples/pubsub/subscriber -zip 10001
//
// Each can be replaced by its twin in Python, which uses libzmq:
//
//	python3 examples/pubsub/publisher.py
//	python3 examples/pubsub/subscriber.py -zip 10001
//
// A message is one line, "zip temperature humidity", so a subscription to a zip code,
// or to the beginning of one, is a prefix of it. All take -addr, by default
// tcp://127.0.0.1:5556; it can be another machine's, or ipc:///tmp/weather.
package pubsub
