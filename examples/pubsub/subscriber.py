#!/usr/bin/env python3
"""Listens to the weather of one place, and tells the averages. See pubsub.go."""

import argparse
import zmq

parser = argparse.ArgumentParser()
parser.add_argument("-addr", default="tcp://127.0.0.1:5556")
parser.add_argument("-zip", default="10001")
parser.add_argument("-n", type=int, default=10)
args = parser.parse_args()

sub = zmq.Context().socket(zmq.SUB)
sub.subscribe(args.zip)
sub.connect(args.addr)
print("listening to", args.addr, flush=True)
temperatures, humidities = [], []
for _ in range(args.n):
    zip_code, temperature, humidity = sub.recv_string().split()
    print(f"{zip_code}: {temperature} °C, {humidity} %", flush=True)
    temperatures.append(int(temperature))
    humidities.append(int(humidity))
if args.n > 0:
    print(f"average of {args.n}: {sum(temperatures) // args.n} °C, {sum(humidities) // args.n} %")
