"""Fixtures for the tests of the portal."""

import socket

import pytest


@pytest.fixture
def port() -> int:
    """A port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number: int = probe.getsockname()[1]
    return number
