"""Makes and reads the golden files of the codecs, in Python.

    check.py write FOLDER    writes them, with the msgpack and json packages
    check.py read FOLDER     reads those there, whoever made them, and compares
"""

import base64
import datetime
import json
import pathlib
import sys

import msgpack

UTC = datetime.timezone.utc

# Each is a "sample" of golden_test.go.
SAMPLES = {
    "empty": dict(id=0, item="", price=0.0, tags=[], counts={}, raw=b"", at=datetime.datetime(1970, 1, 1, tzinfo=UTC), note=None, done=False),
    "small": dict(id=7, item="tea", price=2.5, tags=["hot", "green"], counts={"a": 1, "b": -1}, raw=b"\x00\x01\xff",
                  at=datetime.datetime(2026, 11, 22, 12, 30, 15, tzinfo=UTC), note="with milk", done=True),
    "wide": dict(id=2**63 - 1, item="grüße \U0001f375" * 40, price=-1e300, tags=["x" * 300] * 20, counts={"n%d" % i: i * 10**12 for i in range(20)},
                 raw=bytes(range(256)) * 2, at=datetime.datetime(2500, 1, 1, 0, 0, 0, 250000, tzinfo=UTC), note="", done=True),
    "negative": dict(id=-(2**63), item="\x00", price=0.1, tags=[""], counts={"": -(2**31)}, raw=b"\x80",
                     at=datetime.datetime(1901, 2, 3, 4, 5, 6, tzinfo=UTC), note="n", done=False),
}


def plain(sample):
    """Returns a sample as JSON has it: octets in base64, times in words."""
    text = sample["at"].strftime("%Y-%m-%dT%H:%M:%S")
    if sample["at"].microsecond:
        text += (".%06d" % sample["at"].microsecond).rstrip("0")
    return {**sample, "raw": base64.b64encode(sample["raw"]).decode(), "at": text + "Z"}


def write(folder):
    for name, sample in SAMPLES.items():
        (folder / (name + ".msgpack")).write_bytes(msgpack.packb(sample, datetime=True))
        (folder / (name + ".json")).write_text(json.dumps(plain(sample), ensure_ascii=False), encoding="utf-8")


def read(folder):
    for name, sample in SAMPLES.items():
        got = msgpack.unpackb((folder / (name + ".msgpack")).read_bytes(), timestamp=3)
        if got != sample:
            sys.exit("%s.msgpack is %r, want %r" % (name, got, sample))
        got = json.loads((folder / (name + ".json")).read_text(encoding="utf-8"))
        if got != plain(sample):
            sys.exit("%s.json is %r, want %r" % (name, got, plain(sample)))


{"write": write, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))
print("msgpack %d.%d.%d, %d samples" % (*msgpack.version, len(SAMPLES)))
