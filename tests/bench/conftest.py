"""Counts of calls are those of an application outside the tests."""

from collections.abc import Iterator

import pytest

from tests.support import compiled


@pytest.fixture(scope="module", autouse=True)
def statements_are_compiled_as_usual() -> Iterator[None]:
    with compiled.apart():
        yield
