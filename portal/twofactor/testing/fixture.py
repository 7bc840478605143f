"""The fixture `twofactor_testing` for pytest."""

from collections.abc import Iterator

import pytest
from flask import Flask

from .kit import TwoFactorTesting


@pytest.fixture
def twofactor_testing(app: Flask) -> Iterator[TwoFactorTesting]:
    """Yield a `TwoFactorTesting` for the fixture `app`; restore the application afterwards."""
    testing = TwoFactorTesting(app)
    yield testing
    testing.restore()
