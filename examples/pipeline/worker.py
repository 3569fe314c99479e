#!/usr/bin/env python3
"""Squares numbers, until Ctrl-C. See pipeline.go."""

import argparse
import zmq

parser = argparse.ArgumentParser()
parser.add_argument("-tasks", default="tcp://127.0.0.1:5557")
parser.add_argument("-results", default="tcp://127.0.0.1:5558")
args = parser.parse_args()

context = zmq.Context()
push = context.socket(zmq.PUSH)
push.connect(args.results)
pull = context.socket(zmq.PULL)
pull.connect(args.tasks)
print("working for", args.tasks, "and", args.results, flush=True)
try:
    while True:
        i = int(pull.recv_string())
        push.send_string(f"{i} {i * i}")
except KeyboardInterrupt:
    pass
