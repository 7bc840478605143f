"""Fixtures for the tests of the portal."""

import pytest

from tests.support.ports import free_port


@pytest.fixture
def port() -> int:
    """A port of this machine where nobody listens."""
    return free_port()
