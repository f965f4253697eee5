#!/usr/bin/python3
"""Records libzmq's side of sessions under PLAIN and CURVE, beside capture.py.

Needs pyzmq on libzmq with CURVE, and libsodium. The other side is written down
here once more, after RFC 24 and RFC 26, with the keys that the tests of this
package have, so that they can take its place. session_NAME.hex is all that
libzmq sends in a session, session_NAME_peer.hex what it was sent.
Run: /usr/bin/python3 capture_secure.py
"""

import ctypes
import ctypes.util
import socket
import struct
import threading

import zmq
from zmq.utils.z85 import encode as z85encode

from capture import Peer, command, frame, greeting, make, prop, save

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium"))


def public_of(secret):
    out = ctypes.create_string_buffer(32)
    SODIUM.crypto_scalarmult_base(out, secret)
    return out.raw


def seal(plain, nonce, public, secret):
    out = ctypes.create_string_buffer(len(plain) + 16)
    SODIUM.crypto_box_easy(out, plain, ctypes.c_ulonglong(len(plain)), nonce, public, secret)
    return out.raw


def unseal(box, nonce, public, secret):
    out = ctypes.create_string_buffer(len(box) - 16)
    if SODIUM.crypto_box_open_easy(out, box, ctypes.c_ulonglong(len(box)), nonce, public, secret):
        raise ValueError("a box that does not open")
    return out.raw


def counting(begin, size):
    """Octets that are random in all other places than here."""
    return bytes(i & 255 for i in range(begin + 1, begin + 1 + size))


SERVER, CLIENT = b"s" * 32, b"c" * 32  # secret keys
SERVER_TRANSIENT, WELCOME_NONCE, COOKIE = counting(100, 32), counting(132, 16), counting(148, 96)
CLIENT_TRANSIENT, VOUCH_NONCE = counting(0, 32), counting(32, 16)


def z85(key):
    return z85encode(key)


class Recorder(Peer):
    """A Peer that keeps what goes both ways."""

    def __init__(self, conn, mechanism):
        self.conn = conn
        self.conn.settimeout(5)
        self.got, self.sent = b"", b""
        self.send(greeting(mechanism=mechanism))
        self.read(64)

    def read(self, n):
        octets = super().read(n)
        self.got += octets
        return octets

    def send(self, octets):
        self.conn.sendall(octets)
        self.sent += octets

    def body(self):
        octets = self.frame()
        return octets[9:] if octets[0] & 2 else octets[2:]

    def save(self, name, what):
        save("session_" + name, "all that " + what + " sends", self.got)
        save("session_" + name + "_peer", "all that its peer sends to " + what, self.sent)


def bound(context, kind, **options):
    """A libzmq socket that is bound, and a connection to it."""
    sock = make(context, kind, **options)
    port = sock.bind_to_random_port("tcp://127.0.0.1")
    return sock, socket.create_connection(("127.0.0.1", port))


def connected(context, kind, subscribe=None, **options):
    """A libzmq socket that connects, and its connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    sock = make(context, kind, **options)
    if subscribe is not None:
        sock.subscribe(subscribe)
    sock.connect("tcp://127.0.0.1:%d" % listener.getsockname()[1])
    return sock, listener.accept()[0]


DEALER = prop(b"Socket-Type", b"DEALER") + prop(b"Identity", b"")
MESSAGE = [b"", b"m" * 300]


def plain(context):
    handler = make(context, "REP")
    handler.bind("inproc://zeromq.zap.01")

    def admit():
        request = handler.recv_multipart()
        handler.send_multipart([b"1.0", request[1], b"200", b"OK", b"ann", b""])

    thread = threading.Thread(target=admit)
    thread.start()
    sock, conn = bound(context, "DEALER", PLAIN_SERVER=1)
    peer = Recorder(conn, b"PLAIN")
    peer.send(command(b"HELLO", b"\x03ann\x03tea"))
    peer.frame()
    peer.send(command(b"INITIATE", DEALER))
    peer.frame()
    thread.join()
    handler.close()
    sock.send_multipart(MESSAGE)
    peer.frame(), peer.frame()
    peer.save("plain_server", "a DEALER as PLAIN server, with a message of 0 and 300 octets")

    sock, conn = connected(context, "DEALER", PLAIN_USERNAME=b"ann", PLAIN_PASSWORD=b"tea")
    peer = Recorder(conn, b"PLAIN")
    peer.frame()
    peer.send(command(b"WELCOME"))
    peer.frame()
    peer.send(command(b"READY", DEALER))
    sock.send_multipart(MESSAGE)
    peer.frame(), peer.frame()
    peer.save("plain_client", 'a DEALER as PLAIN client "ann", "tea", with a message of 0 and 300 octets')


def curve_server(context):
    server, client, mine = public_of(SERVER), public_of(CLIENT), public_of(CLIENT_TRANSIENT)
    sock, conn = bound(context, "DEALER", CURVE_SERVER=1, CURVE_SECRETKEY=z85(SERVER), CURVE_PUBLICKEY=z85(server))
    peer = Recorder(conn, b"CURVE")
    one, two = struct.pack(">Q", 1), struct.pack(">Q", 2)
    peer.send(command(b"HELLO", b"\1\0" + bytes(72) + mine + one
                      + seal(bytes(64), b"CurveZMQHELLO---" + one, server, CLIENT_TRANSIENT)))
    welcome = peer.body()[8:]
    opened = unseal(welcome[16:], b"WELCOME-" + welcome[:16], server, CLIENT_TRANSIENT)
    theirs, cookie = opened[:32], opened[32:]
    vouch = VOUCH_NONCE + seal(mine + server, b"VOUCH---" + VOUCH_NONCE, theirs, CLIENT)
    peer.send(command(b"INITIATE", cookie + two
                      + seal(client + vouch + DEALER, b"CurveZMQINITIATE" + two, theirs, CLIENT_TRANSIENT)))
    peer.frame()
    sock.send_multipart(MESSAGE)
    peer.frame(), peer.frame()
    three = struct.pack(">Q", 3)
    peer.send(frame(0, b"\7MESSAGE" + three + seal(b"\0hello", b"CurveZMQMESSAGEC" + three, theirs, CLIENT_TRANSIENT)))
    assert sock.recv() == b"hello"
    peer.save("curve_server", "a DEALER as CURVE server, with a message of 0 and 300 octets")


def curve_client(context):
    server, client = public_of(SERVER), public_of(CLIENT)
    sock, conn = connected(context, "SUB", subscribe=b"topic", CURVE_SERVERKEY=z85(server),
                           CURVE_SECRETKEY=z85(CLIENT), CURVE_PUBLICKEY=z85(client))
    peer = Recorder(conn, b"CURVE")
    hello = peer.body()[6:]
    theirs = hello[74:106]
    peer.send(command(b"WELCOME", WELCOME_NONCE + seal(public_of(SERVER_TRANSIENT) + COOKIE, b"WELCOME-" + WELCOME_NONCE,
                                                       theirs, SERVER)))
    initiate = peer.body()[9:]
    assert initiate[:96] == COOKIE
    one, two = struct.pack(">Q", 1), struct.pack(">Q", 2)
    peer.send(command(b"READY", one + seal(prop(b"Socket-Type", b"PUB"), b"CurveZMQREADY---" + one, theirs, SERVER_TRANSIENT)))
    sock.poll(100)
    peer.frame()
    peer.send(frame(0, b"\7MESSAGE" + two + seal(b"\0topic", b"CurveZMQMESSAGES" + two, theirs, SERVER_TRANSIENT)))
    assert sock.recv() == b"topic"
    peer.save("curve_client", 'a SUB of "topic" as CURVE client')


if __name__ == "__main__":
    context = zmq.Context()
    for case in (plain, curve_server, curve_client):
        case(context)
    context.destroy(linger=0)
