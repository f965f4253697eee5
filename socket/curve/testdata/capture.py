#!/usr/bin/python3
"""Writes the key files pyzmq makes, for the tests of this package. The keys are
new each time, and good for nothing else. Run: /usr/bin/python3 capture.py
"""

import pathlib

import zmq
import zmq.auth

HERE = str(pathlib.Path(__file__).parent)

if __name__ == "__main__":
    zmq.auth.create_certificates(HERE, "pyzmq", {"name": "ann", "curve": "not a section", "public-key": "of no curve"})
