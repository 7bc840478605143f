"""Ports of this machine where nobody listens."""

import random
import socket
from contextlib import suppress


def free_ports(count: int) -> list[int]:
    """As many ports as are asked for, which no other process is given by chance.

    The kernel gives out those from 32768 on, so one of these could be another's by the time that a
    server of ours opens it.
    """
    found: list[int] = []
    for port in random.sample(range(20_000, 32_000), 500):
        if len(found) == count:
            return found
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    raise AssertionError("there are no free ports")


def free_port() -> int:
    """One such port."""
    return free_ports(1)[0]
