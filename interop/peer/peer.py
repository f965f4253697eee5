"""libzmq sockets by remote control.

Standard input carries requests, standard output the answers. Each is one line
of JSON, followed by the octets of the frames whose sizes its "frames" lists.
The process ends when standard input does.
"""

import errno
import json
import os
import platform
import sys
import threading

import zmq
import zmq.auth
import zmq.auth.thread
import zmq.utils.monitor

context = zmq.Context()
sockets = {}
monitors = {}
authenticators = []

# ZMQ_PROTOCOL_ERROR_..., by their numbers.
protocol_errors = {
    getattr(zmq, name): name.removeprefix("PROTOCOL_ERROR_")
    for name in dir(zmq)
    if name.startswith("PROTOCOL_ERROR_")
}


def value(v):
    """An option's value: a number, or octets as a list of numbers."""
    return bytes(v) if isinstance(v, list) else v


def attend(s):
    """Let a socket do what its own threads ask of it, such as add a peer.

    libzmq does that only when the application calls it, and not on every call.
    """
    s.getsockopt(zmq.EVENTS)


def versions(_):
    return {
        "library": f"libzmq {zmq.zmq_version()}",
        "runtime": f"pyzmq {zmq.__version__}, Python {platform.python_version()}",
    }


def socket(frames, name, kind, options):
    s = context.socket(getattr(zmq, kind))
    s.setsockopt(zmq.LINGER, 0)
    for o in options:
        s.setsockopt(getattr(zmq, o["name"]), value(o["value"]))
    monitors[name] = s.get_monitor_socket()
    sockets[name] = s


def setsockopt(frames, name, option, to):
    sockets[name].setsockopt(getattr(zmq, option), value(to))
    attend(sockets[name])


def bind(frames, name, endpoint):
    s = sockets[name]
    s.bind(endpoint)
    return {"endpoint": s.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()}


def connect(frames, name, endpoint):
    sockets[name].connect(endpoint)


def close(frames, name):
    s = sockets.pop(name)
    s.disable_monitor()
    monitors.pop(name).close()
    s.close()


def wait(frames, name, milliseconds, sending):
    """Send or receive one message; tell if the time was up instead."""
    s = sockets[name]
    try:
        if sending:
            s.setsockopt(zmq.SNDTIMEO, milliseconds)
            s.send_multipart(frames)
            attend(s)
            return {}
        s.setsockopt(zmq.RCVTIMEO, milliseconds)
        return {"frames": s.recv_multipart()}
    except zmq.Again:
        return {"late": True}


def detail(event, number):
    """What an event's number says of a failed handshake, with the name that libzmq has for it."""
    if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
        return str(number)  # the status
    if event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return protocol_errors.get(number, hex(number))
    return ""


def recv_user(frames, name, milliseconds):
    """Receive a message of one frame; tell whose it is, as zmq.auth has it."""
    s = sockets[name]
    s.setsockopt(zmq.RCVTIMEO, milliseconds)
    try:
        return {"user": s.recv(copy=False).get("User-Id")}
    except zmq.Again:
        return {"late": True}


def event(frames, name, milliseconds):
    """The next event of the socket's monitor.

    The socket has taken note of it then: of the new peer, for example.
    """
    m = monitors[name]
    if not m.poll(milliseconds):
        return {"late": True}
    e = zmq.utils.monitor.recv_monitor_message(m)
    if name in sockets:
        attend(sockets[name])
    return {"event": zmq.Event(e["event"]).name, "detail": detail(e["event"], e["value"])}


class Keys:
    """What zmq.auth asks about clients of CURVE: those with these keys may come in."""

    def __init__(self, keys):
        self.keys = keys

    def callback(self, domain, key):
        return key.decode() in self.keys


def authenticate(frames, domain, passwords, keys):
    """Have zmq.auth decide who may come in, of users and of keys of clients.

    From now on every socket that is a server, or has a domain, asks it.
    """
    if not authenticators:
        a = zmq.auth.thread.ThreadAuthenticator(context)
        a.start()
        authenticators.append(a)
    authenticators[0].configure_plain(domain, passwords)
    authenticators[0].configure_curve_callback(domain, Keys(keys))


def keypair(_):
    """A new pair of CURVE keys."""
    public, secret = zmq.curve_keypair()
    return {"public": public.decode(), "secret": secret.decode()}


def proxy(frames, front, back):
    """Run zmq_proxy between two sockets until the process ends."""
    a, b = sockets.pop(front), sockets.pop(back)
    threading.Thread(target=zmq.proxy, args=(a, b), daemon=True).start()


def stream(frames, name, parts, size):
    """Send multipart messages from a thread until the process ends.

    Every frame is the number of its message, then its own number, then filler.
    """
    s = sockets.pop(name)
    filler = bytes(size)

    def run():
        number = 0
        while True:
            s.send_multipart([b"%08d %04d " % (number, i) + filler for i in range(parts)])
            number += 1

    threading.Thread(target=run, daemon=True).start()


def main():
    operations = {
        f.__name__: f
        for f in (
            versions, socket, setsockopt, bind, connect, close, wait, event, proxy, stream,
            recv_user, authenticate, keypair,
        )
    }
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    for line in requests:
        request = json.loads(line)
        frames = [requests.read(n) for n in request["frames"] or []]
        body = []
        try:
            answer = operations[request["op"]](frames, **request["args"] or {}) or {}
            body = answer.get("frames", [])
            answer["frames"] = [len(f) for f in body]
        except zmq.ZMQError as e:
            answer = {"error": errno.errorcode.get(e.errno) or str(e), "frames": []}
        answers.write(json.dumps(answer).encode() + b"\n")
        for f in body:
            answers.write(f)
        answers.flush()


main()
os._exit(0)  # sockets of threads that never end would hold up an orderly end
