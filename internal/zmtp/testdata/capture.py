#!/usr/bin/python3
"""Records what libzmq puts on the wire, for the tests of this package.

Needs pyzmq on libzmq. Each case is a raw TCP connection over loopback to one
libzmq socket; what libzmq sends is written to NAME.hex beside this file, under
a line with its version and what it is. Run: /usr/bin/python3 capture.py
"""

import pathlib
import select
import socket
import struct
import threading

import zmq

HERE = pathlib.Path(__file__).parent
VERSION = "libzmq " + zmq.zmq_version()
METADATA = 95  # ZMQ_METADATA, which pyzmq names only in draft builds

TYPES = "PAIR PUB SUB REQ REP DEALER ROUTER PULL PUSH XPUB XSUB".split()
PARTNER = dict(PAIR="PAIR", PUB="SUB", SUB="PUB", REQ="REP", REP="REQ", DEALER="ROUTER",
               ROUTER="DEALER", PULL="PUSH", PUSH="PULL", XPUB="XSUB", XSUB="XPUB")


def save(name, what, octets):
    text = octets.hex()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    (HERE / (name + ".hex")).write_text("\n".join([f"# {VERSION}: {what}"] + lines) + "\n")


def greeting(minor=1, mechanism=b"NULL"):
    return (b"\xff" + bytes(8) + b"\x7f" + bytes([3, minor])
            + mechanism.ljust(20, b"\0") + bytes(32))


def frame(flags, body):
    if len(body) > 255:
        return bytes([flags | 2]) + struct.pack(">Q", len(body)) + body
    return bytes([flags, len(body)]) + body


def command(name, payload=b""):
    return frame(4, bytes([len(name)]) + name + payload)


def prop(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


class Peer:
    """A raw peer of one libzmq socket."""

    def __init__(self, sock, minor=1, mechanism=b"NULL"):
        self.sock = sock  # pyzmq closes a socket that nothing refers to
        port = sock.bind_to_random_port("tcp://127.0.0.1")
        self.conn = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.conn.sendall(greeting(minor, mechanism))
        self.greeting = self.read(64)

    def read(self, n):
        got = b""
        while len(got) < n:
            more = self.conn.recv(n - len(got))
            if not more:
                raise EOFError(got.hex())
            got += more
        return got

    def frame(self):
        head = self.read(2)
        if head[0] & 2:
            head += self.read(7)
            return head + self.read(struct.unpack(">Q", head[1:])[0])
        return head + self.read(head[1])

    def ready(self, socket_type):
        """Exchanges READY and returns that of libzmq."""
        body = prop(b"Socket-Type", socket_type.encode())
        if socket_type in ("REQ", "DEALER", "ROUTER"):
            body += prop(b"Identity", b"")
        self.conn.sendall(command(b"READY", body))
        return self.frame()


def make(context, kind, **options):
    sock = context.socket(getattr(zmq, kind))
    sock.linger = 0
    for name, value in options.items():
        sock.setsockopt(getattr(zmq, name), value)
    return sock


def greetings(context):
    save("greeting", "greeting of a PUSH", Peer(make(context, "PUSH")).greeting)
    save("greeting_identity", 'greeting of a DEALER with the identity "hello"',
         Peer(make(context, "DEALER", IDENTITY=b"hello")).greeting)
    save("greeting_plain", "greeting of a PLAIN server",
         Peer(make(context, "PULL", PLAIN_SERVER=1), mechanism=b"PLAIN").greeting)
    if zmq.has("curve"):
        public, secret = zmq.curve_keypair()
        sock = make(context, "PULL", CURVE_SERVER=1, CURVE_SECRETKEY=secret, CURVE_PUBLICKEY=public)
        save("greeting_curve", "greeting of a CURVE server", Peer(sock, mechanism=b"CURVE").greeting)


def readies(context):
    for kind in TYPES:
        save("ready_" + kind.lower(), f"READY of a {kind} without an identity",
             Peer(make(context, kind)).ready(PARTNER[kind]))
    save("ready_identity", 'READY of a DEALER with the identity "hello"',
         Peer(make(context, "DEALER", IDENTITY=b"hello")).ready("ROUTER"))
    sock = make(context, "ROUTER", IDENTITY=b"\x01" + b"i" * 254)
    sock.setsockopt(METADATA, b"X-key:value")
    save("ready_metadata", 'READY of a ROUTER with an identity of 255 octets, 01 and "i", and X-key "value"',
         Peer(sock).ready("DEALER"))


def subscriber(context, minor, topic):
    """A SUB with one subscription, and a peer to which it is being sent."""
    sock = make(context, "SUB")
    sock.subscribe(topic)
    peer = Peer(sock, minor)
    peer.ready("PUB")
    while not select.select([peer.conn], [], [], 0)[0]:
        sock.poll(10)  # libzmq takes note of a new peer only inside a call
    return sock, peer


def subscriptions(context):
    # libzmq 4.3.4 leaves LONG out of a SUBSCRIBE of 246 to 255 topic octets and
    # of the message form of 255: there the frame is read as what follows.
    for minor in (1, 0):
        for size in (0, 1, 245, 256, 300):
            topic = b"A" * size
            sock, peer = subscriber(context, minor, topic)
            save(f"subscribe_3{minor}_{size}", f'subscription of a SUB to {size} times "A", to a 3.{minor} peer',
                 peer.frame())
            sock.unsubscribe(topic)
            save(f"cancel_3{minor}_{size}", f'its end, for {size} times "A", to a 3.{minor} peer', peer.frame())
    for minor, size in ((1, 246), (1, 255), (0, 255)):
        _, peer = subscriber(context, minor, b"A" * size)
        body = size + (10 if minor else 1)
        save(f"defect_subscribe_3{minor}_{size}", f'subscription without LONG, to {size} times "A", to a 3.{minor} peer',
             peer.read(9 + body))


def heartbeats(context):
    peer = Peer(make(context, "DEALER", HEARTBEAT_IVL=50, HEARTBEAT_TTL=3000))
    peer.ready("ROUTER")
    save("ping", "PING with a TTL of 3 s", peer.frame())
    for name, text in (("pong_empty", b""), ("pong_lol", b"LOL"), ("pong_cut", b"0123456789" * 5 + b"01234567")):
        peer = Peer(make(context, "DEALER"))
        peer.ready("ROUTER")
        peer.conn.sendall(command(b"PING", b"\0\0" + text))
        save(name, f"PONG to a PING with {len(text)} octets of context", peer.frame())


def messages(context):
    sock = make(context, "PUSH")
    peer = Peer(sock)
    peer.ready("PULL")
    for size in (0, 1, 255, 256):
        sock.send(b"m" * size)
        save(f"message_{size}", f'message of {size} times "m"', peer.frame())
    sock.send_multipart([b"", b"m", b"m" * 255, b"m" * 256])
    save("multipart", 'message of 4 frames: 0, 1, 255 and 256 times "m"', b"".join(peer.frame() for _ in range(4)))


def errors(context):
    """A ZAP handler that refuses, so that NULL says ERROR."""
    handler = make(context, "REP")
    handler.bind("inproc://zeromq.zap.01")

    def refuse():
        request = handler.recv_multipart()
        handler.send_multipart([b"1.0", request[1], b"400", b"no", b"", b""])

    thread = threading.Thread(target=refuse)
    thread.start()
    peer = Peer(make(context, "DEALER", ZAP_DOMAIN=b"test"))
    save("error", 'ERROR "400" of a DEALER whose ZAP handler refuses', peer.frame())
    thread.join()


if __name__ == "__main__":
    context = zmq.Context()
    for case in (greetings, readies, subscriptions, heartbeats, messages, errors):
        case(context)
    context.destroy(linger=0)
