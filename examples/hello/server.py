#!/usr/bin/env python3
"""Answers "World" to whatever clients say, until Ctrl-C. See hello.go."""

import argparse
import zmq

parser = argparse.ArgumentParser()
parser.add_argument("-addr", default="tcp://127.0.0.1:5555")
args = parser.parse_args()

rep = zmq.Context().socket(zmq.REP)
rep.bind(args.addr)
print("bound to", rep.last_endpoint.decode().rstrip("\0"), flush=True)
try:
    while True:
        print("received", rep.recv_string(), flush=True)
        rep.send_string("World")
except KeyboardInterrupt:
    pass
