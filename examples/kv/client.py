"""Calls the servers of this example from Python, over libzmq.

    client.py ENDPOINTS get KEY
    client.py ENDPOINTS put KEY VALUE
    client.py ENDPOINTS delete KEY
    client.py ENDPOINTS list [PREFIX]

The endpoints have commas between them. Any REQ socket can call: the method and
the body go out as two frames, the status and the answer come back as two. Only
what answers with a stream takes more; see docs/wire.md. Debian has what this
needs in python3-zmq and python3-msgpack.
"""

import struct
import sys
import time

import msgpack
import zmq

PATIENCE = 10.0  # seconds for a call, with all its tries
ATTEMPT = 2.0  # seconds for one of these


class CallError(Exception):
    """What a server says in place of an answer: a code, and why."""

    def __init__(self, status):
        code, _, text = status.decode().partition(" ")
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code

    @property
    def refused(self):
        """Whether nothing was executed, so that it may be tried again."""
        return self.code in ("unavailable", "resource_exhausted")


def call(req, method, body):
    """Calls a method that may be executed twice, until there is an answer."""
    failure = TimeoutError("no answer")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            req.send_multipart([method.encode(), body])
            status, answer = req.recv_multipart()
        except zmq.Again:  # nobody is there, or says anything: whatever comes later is dropped
            continue
        if not status:
            return answer
        failure = CallError(status)
        if not failure.refused:
            break
        time.sleep(0.05)
    raise failure


# Streams: a header as the last frame of each message, both ways.
VERSION, CALL, CREDIT, ANSWER, ITEM = 1, 1, 3, 4, 6
WINDOW = 32  # items that may be on their way


def header(kind, ident, credit, left=0):
    return struct.pack(">BBQII", VERSION, kind, ident, left, credit)


def stream(dealer, method, body, ident=1):
    """Calls a method that answers with a stream, and yields its items.

    The socket has one server alone: what it sends later is for the same one.
    """
    try:
        dealer.send_multipart([b"", method.encode(), body, header(CALL, ident, WINDOW, int(PATIENCE * 1000))])
        while True:
            _, status, answer, head = dealer.recv_multipart()
            _, kind, of = struct.unpack_from(">BBQ", head)
            if of != ident:
                continue
            if kind == ITEM:
                yield answer
                dealer.send_multipart([b"", b"", b"", header(CREDIT, ident, 1)])
            elif status:  # the end, or a refusal
                raise CallError(status)
            elif kind == ANSWER:
                return
    except zmq.Again:
        raise TimeoutError("no answer") from None


def connect(context, kind, endpoints):
    s = context.socket(kind)
    s.setsockopt(zmq.LINGER, 0)
    s.setsockopt(zmq.IMMEDIATE, 1)  # only servers that are there
    s.setsockopt(zmq.SNDTIMEO, int(ATTEMPT * 1000))
    s.setsockopt(zmq.RCVTIMEO, int(ATTEMPT * 1000))
    if kind == zmq.REQ:  # it may ask again before it was answered
        s.setsockopt(zmq.REQ_RELAXED, 1)
        s.setsockopt(zmq.REQ_CORRELATE, 1)
    for e in endpoints.split(","):
        s.connect(e)
    return s


def list_entries(context, endpoints, prefix):
    """Yields the entries that the first server that is there has."""
    for endpoint in endpoints.split(","):
        with connect(context, zmq.DEALER, endpoint) as dealer:
            if dealer.poll(int(ATTEMPT * 1000), zmq.POLLOUT):
                for item in stream(dealer, "kv.list", msgpack.packb({"prefix": prefix})):
                    yield msgpack.unpackb(item)
                return
    raise TimeoutError("no server is there")


def main(endpoints, command, *args):
    with zmq.Context() as context:
        if command == "list":
            for entry in list_entries(context, endpoints, *args or [""]):
                print(entry["key"], entry["value"].decode())
            return
        with connect(context, zmq.REQ, endpoints) as req:
            if command == "get":
                (key,) = args
                print(call(req, "kv.get", key.encode()).decode())
            elif command == "put":
                key, value = args
                call(req, "kv.put", msgpack.packb({"key": key, "value": value.encode()}))
            elif command == "delete":
                (key,) = args
                call(req, "kv.delete", key.encode())
            else:
                raise ValueError(f"command {command!r}: want get, put, delete or list")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (CallError, OSError, TypeError, ValueError) as e:  # TimeoutError and what libzmq says among them
        sys.exit(f"client.py: {e}")
