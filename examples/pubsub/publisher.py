#!/usr/bin/env python3
"""Tells the weather of random places, until Ctrl-C. See pubsub.go."""

import argparse
import random
import time
import zmq

parser = argparse.ArgumentParser()
parser.add_argument("-addr", default="tcp://127.0.0.1:5556")
args = parser.parse_args()

pub = zmq.Context().socket(zmq.PUB)
pub.bind(args.addr)
print("bound to", pub.last_endpoint.decode().rstrip("\0"), flush=True)
try:
    while True:
        for _ in range(100):
            zip_code = random.randrange(10_000, 10_100)
            pub.send_string(f"{zip_code:05} {random.randrange(-20, 40)} {random.randrange(101)}")
        time.sleep(0.001)
except KeyboardInterrupt:
    pass
