"""Ports of this machine for the servers that tests and the demo start."""

import socket

_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, and never one this process was given before: a server may yet have to start on that."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port
