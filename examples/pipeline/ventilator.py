#!/usr/bin/env python3
"""Hands out the numbers from 1 to -n, and ends when workers have them all. See pipeline.go."""

import argparse
import zmq
from zmq.utils.monitor import recv_monitor_message

parser = argparse.ArgumentParser()
parser.add_argument("-tasks", default="tcp://127.0.0.1:5557")
parser.add_argument("-n", type=int, default=100)
parser.add_argument("-workers", type=int, default=1)
args = parser.parse_args()

push = zmq.Context().socket(zmq.PUSH)
monitor = push.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
push.bind(args.tasks)
print("bound to", push.last_endpoint.decode().rstrip("\0"), flush=True)
for _ in range(args.workers):
    recv_monitor_message(monitor)
for i in range(1, args.n + 1):
    push.send_string(str(i))
