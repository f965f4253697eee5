#!/usr/bin/python3
"""Records what libzmq puts on the wire for peers of ZMTP 1.0 and 2.0.

Needs pyzmq on libzmq. Each case is a raw TCP connection over loopback to one
libzmq socket. All that libzmq sends is written to NAME.hex beside this file, and
all that its peer sends, made here after RFC 13 and RFC 15, to NAME_peer.hex.
Run: /usr/bin/python3 capture_legacy.py
"""

import pathlib
import socket
import struct

import zmq

HERE = pathlib.Path(__file__).parent
VERSION = "libzmq " + zmq.zmq_version()
SIGNATURE = b"\xff" + bytes(7) + b"\x01\x7f"
MESSAGES = [[b"hello"], [b"", b"m" * 253, b"m" * 254, b"m" * 255, b"m" * 256], [b""]]


def save(name, what, octets):
    text = octets.hex()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    (HERE / (name + ".hex")).write_text("\n".join([f"# {VERSION}: {what}"] + lines) + "\n")


def frame1(more, body):
    head = bytes([len(body) + 1]) if len(body) < 254 else b"\xff" + struct.pack(">Q", len(body) + 1)
    return head + bytes([more]) + body


def frame2(more, body):
    if len(body) > 255:
        return bytes([more | 2]) + struct.pack(">Q", len(body)) + body
    return bytes([more, len(body)]) + body


class Peer:
    """A raw peer, with all that went each way."""

    def __init__(self, sock):
        port = sock.bind_to_random_port("tcp://127.0.0.1")
        self.conn = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.sent = self.got = b""

    def send(self, octets):
        self.conn.sendall(octets)
        self.sent += octets

    def read(self, n):
        end = len(self.got) + n
        while len(self.got) < end:
            more = self.conn.recv(end - len(self.got))
            if not more:
                raise EOFError(self.got.hex())
            self.got += more


def meet(sock, version, kind, identity, own):
    """A peer that has been through the handshake; own is how long the socket's identity is."""
    frame = frame2 if version == "2.0" else frame1
    peer = Peer(sock)
    peer.read(10)
    if version == "unversioned":
        peer.send(frame(0, identity))
        peer.read(own)
        return peer, frame
    peer.send(SIGNATURE)
    peer.read(1)
    peer.send(b"\x01" if version == "2.0" else b"\x00")
    peer.read(1)
    peer.send(bytes([kind]) + frame(0, identity))
    peer.read(2 + own)
    return peer, frame


def dealer(context, version):
    sock = context.socket(zmq.DEALER)
    sock.linger = 0
    sock.identity = b"ours"
    peer, frame = meet(sock, version, 6, b"theirs", 4)
    for m in MESSAGES:
        octets = b"".join(frame(i < len(m) - 1, f) for i, f in enumerate(m))
        peer.send(octets)
        if sock.recv_multipart() != m:
            raise SystemExit("libzmq has received something else")
        sock.send_multipart(m)
        peer.read(len(octets))
    name = "session_legacy_" + version.replace(".", "")
    save(name, f'a DEALER with the identity "ours", its peer of ZMTP {version}', peer.got)
    save(name + "_peer", "what its peer sent: a ROUTER", peer.sent)


def subscriber(context, version):
    sock = context.socket(zmq.SUB)
    sock.linger = 0
    sock.subscribe(b"topic")
    peer, frame = meet(sock, version, 1, b"", 0)
    sock.poll(50)
    peer.read(len(frame(0, b"\x01topic")))
    sock.unsubscribe(b"topic")
    peer.read(len(frame(0, b"\x00topic")))
    name = "session_legacy_sub_" + version.replace(".", "")
    save(name, f'a SUB to "topic", and no more, its peer of ZMTP {version}', peer.got)
    save(name + "_peer", "what its peer sent: a PUB", peer.sent)


def main():
    context = zmq.Context()
    for version in ("unversioned", "1.0", "2.0"):
        dealer(context, version)
        subscriber(context, version)
    context.destroy(0)


if __name__ == "__main__":
    main()
