"""A host of a few lines, which each test gives the options and routes that it is about."""

from collections.abc import Iterator
from typing import Any

import pytest

from ..host import let_go
from ..person import Person
from .small import make_small


@pytest.fixture
def small(tmp_path: Any, clock: Any) -> Iterator[Any]:
    """Make a small host: `small(prepare=function of the app, **options of init_app)`."""
    made: list[Any] = []

    def make(**given: Any) -> Any:
        uri = f"sqlite:///{tmp_path}/small{len(made)}.sqlite"
        made.append(make_small(uri, tmp_path, clock, **given))
        return made[-1]

    yield make
    let_go(made)


@pytest.fixture
def enter(clock: Any) -> Any:
    """Return a signed-in person of a host."""

    def enter(app: Any, username: str = "alice") -> Person:
        person = Person(app, clock, username)
        person.sign_in()
        return person

    return enter
