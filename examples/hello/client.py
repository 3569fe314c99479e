#!/usr/bin/env python3
"""Says "Hello" ten times, and waits for the answer each time. See hello.go."""

import argparse
import zmq

parser = argparse.ArgumentParser()
parser.add_argument("-addr", default="tcp://127.0.0.1:5555")
parser.add_argument("-n", type=int, default=10)
args = parser.parse_args()

req = zmq.Context().socket(zmq.REQ)
req.connect(args.addr)
print("asking", args.addr, flush=True)
for i in range(args.n):
    req.send_string("Hello")
    print(i + 1, req.recv_string(), flush=True)
