# SPDX-License-Identifier: MIT
"""Plays ZeroMQ sockets for a Go test.

Each line of stdin is a request, {"id", "op", "sock", "args"}; each line of stdout
an answer, {"id", "result"} or {"id", "error", "kind"}, or an event that a monitor
saw, {"sock", "event"}. Bytes are base64. A socket belongs to one thread, which
works its requests off in order; the requests of different sockets run at the same
time. The program ends with its stdin.
"""

import base64
import json
import math
import os
import queue
import sys
import threading
import time

import zmq
from zmq.utils.monitor import parse_monitor_message

SLICE = 20  # ms; how long a thread stays in libzmq before it looks for other work
SETTLING = 2  # s; how long a socket is given to let an address go
BULK = 120  # s; the longest that a bulk operation may take

context = zmq.Context()
peers = {}
out = threading.Lock()


class Closed(Exception):
    pass


def tell(**answer):
    line = json.dumps(answer)
    with out:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def fail(id, error):
    tell(id=id, error=str(error) or repr(error), kind=type(error).__name__)


def decode(part):
    return base64.b64decode(part or "")


def encode(part):
    return base64.b64encode(part).decode()


def number(i, size):
    return (b"%d" % i).ljust(size)


class Peer(threading.Thread):
    """One socket, and the thread that it lives in."""

    def __init__(self, key):
        super().__init__(daemon=True)
        self.key = key
        self.requests = queue.SimpleQueue()  # the main thread's orders
        self.closing = False  # written by the main thread, to end what blocks
        self.done = False
        self.echoing = False
        self.unsent = None  # an echo that found no room yet
        self.monitored = False
        self.settled = 0  # when it has let go what it was told to
        self.sock = None

    def run(self):
        while not self.done:
            if self.echoing and self.requests.empty():
                self.echo()
                continue
            if self.settled > time.monotonic():
                # libzmq closes connections only in calls that come after the one
                # that told it to.
                self.sock.getsockopt(zmq.EVENTS)
                try:
                    request = self.requests.get(timeout=SLICE / 1000)
                except queue.Empty:
                    continue
            else:
                request = self.requests.get()
            op = request["op"]
            try:
                result = getattr(self, "do_" + op)(**(request.get("args") or {}))
                tell(id=request["id"], result=result)
            except Exception as error:
                fail(request["id"], error)

    def attempt(self, operation, timeout, option):
        """Calls a blocking operation until it succeeds or timeout (s) has passed."""
        if self.closing:
            raise Closed("the socket was closed")
        try:
            return operation(zmq.NOBLOCK)
        except zmq.Again:
            pass
        deadline = time.monotonic() + timeout
        while True:
            left = max(0, deadline - time.monotonic()) * 1000
            self.sock.setsockopt(option, math.ceil(min(left, SLICE)))
            try:
                return operation(0)
            except zmq.Again:
                if left <= SLICE:
                    raise
            if self.closing:
                raise Closed("the socket was closed")

    def send(self, parts, timeout):
        self.attempt(lambda flags: self.sock.send_multipart(parts, flags), timeout, zmq.SNDTIMEO)

    def recv(self, timeout):
        return self.attempt(self.sock.recv_multipart, timeout, zmq.RCVTIMEO)

    def do_socket(self, kind, options):
        self.sock = context.socket(getattr(zmq, kind))
        for option in options or []:
            self.do_set(**option)

    def do_set(self, name, value):
        if isinstance(value, dict):
            value = decode(value["bytes"])
        self.sock.set(getattr(zmq, name), value)

    def do_bind(self, addr):
        self.sock.bind(addr)
        return self.sock.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()

    def do_unbind(self, addr):
        self.sock.unbind(addr)
        self.settled = time.monotonic() + SETTLING

    def do_connect(self, addr):
        self.sock.connect(addr)

    def do_disconnect(self, addr):
        self.sock.disconnect(addr)
        self.settled = time.monotonic() + SETTLING

    def do_send(self, parts, timeout):
        self.send([decode(part) for part in parts or []], timeout)

    def do_recv(self, timeout):
        return [encode(part) for part in self.recv(timeout)]

    def do_send_numbers(self, prefix, n, size, timeout):
        prefix = [decode(part) for part in prefix or []]
        end = time.monotonic() + BULK
        for i in range(n):
            self.send(prefix + [number(i, size)], min(timeout, end - time.monotonic()))

    def do_recv_numbers(self, n, timeout):
        seen, count, size, ordered = set(), 0, 0, True
        first = last = -1
        start = stop = time.monotonic()
        end = start + BULK
        while count < n:
            try:
                part = self.recv(min(timeout, end - time.monotonic()))[-1]
            except zmq.Again:
                break
            stop = time.monotonic()
            i = int(part)
            if count == 0:
                first, start = i, stop
            ordered = ordered and i > last
            last = i
            size += len(part)
            seen.add(i)
            count += 1
        return {
            "count": count,
            "distinct": len(seen),
            "first": first,
            "last": last,
            "ordered": ordered,
            "complete": seen == set(range(n)),
            "bytes": size,
            "seconds": stop - start,
        }

    def do_echo(self):
        self.echoing = True

    def echo(self):
        """Echoes until nothing moves for a while or there is a request."""
        try:
            while self.requests.empty():
                if self.unsent is None:
                    self.unsent = self.recv(SLICE / 1000)
                self.send(self.unsent, SLICE / 1000)
                self.unsent = None
        except zmq.Again:
            pass
        except Exception:
            if self.unsent is None:
                self.echoing = False  # a socket that cannot receive
            self.unsent = None  # nobody is there to take it

    def do_monitor(self):
        if self.monitored:
            return
        self.monitored = True
        addr = f"inproc://monitor-{self.key}"
        self.sock.monitor(addr, zmq.EVENT_ALL)
        pair = context.socket(zmq.PAIR)
        pair.connect(addr)
        threading.Thread(target=self.watch, args=(pair,), daemon=True).start()

    def watch(self, pair):
        while True:
            event = parse_monitor_message(pair.recv_multipart())
            if event["event"] == zmq.EVENT_MONITOR_STOPPED:
                pair.close(0)
                return
            tell(
                sock=self.key,
                event={
                    "name": zmq.Event(event["event"]).name,
                    "value": event["value"],
                    "addr": event["endpoint"].decode(),
                },
            )

    def do_close(self):
        self.done = True
        self.sock.close()


def bound(kind, addr):
    """A socket that takes what comes, and its address."""
    sock = context.socket(getattr(zmq, kind))
    sock.set(zmq.SNDHWM, 0)
    sock.set(zmq.RCVHWM, 0)
    sock.bind(addr)
    return sock, sock.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()


def proxy(id, front, back):
    """zmq_proxy between two new sockets. It ends with the program."""
    try:
        front, at = bound(*front)
        back, behind = bound(*back)
    except Exception as error:
        fail(id, error)
        return
    tell(id=id, result=[at, behind])
    zmq.proxy(front, back)


def dispatch(request):
    key, op = request["sock"], request["op"]
    if op == "proxy":
        args = (request["id"], *request["args"]["ends"])
        threading.Thread(target=proxy, args=args, daemon=True).start()
        return
    if op == "socket":
        peers[key] = Peer(key)
        peers[key].start()
    if key not in peers:
        raise Closed("the socket was closed")
    peer = peers[key]
    if op == "close":
        peer.closing = True
        del peers[key]
    peer.requests.put(request)


def main():
    tell(id=0, result=zmq.zmq_version())
    for line in sys.stdin:
        request = json.loads(line)
        try:
            dispatch(request)
        except Exception as error:
            fail(request["id"], error)
    os._exit(0)


main()
