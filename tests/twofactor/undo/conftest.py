from collections.abc import Iterator
from typing import Any

import pytest

from tests.twofactor.person import Person

from .changes import Changes


@pytest.fixture
def made(host: Any, protected: Person) -> Iterator[Changes]:
    with host.app_context():
        yield Changes(protected)
