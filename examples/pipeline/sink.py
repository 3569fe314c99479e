#!/usr/bin/env python3
"""Collects -n results, and tells their sum. See pipeline.go."""

import argparse
import zmq

parser = argparse.ArgumentParser()
parser.add_argument("-results", default="tcp://127.0.0.1:5558")
parser.add_argument("-n", type=int, default=100)
args = parser.parse_args()

pull = zmq.Context().socket(zmq.PULL)
pull.bind(args.results)
print("bound to", pull.last_endpoint.decode().rstrip("\0"), flush=True)
total = 0
for _ in range(args.n):
    number, square = pull.recv_string().split()
    total += int(square)
print(args.n, "results, their sum is", total)
