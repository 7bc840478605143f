"""Fixtures with a small host app, so that the blueprint is tested without the portal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.support import facts

from .factory_host import create_app
from .host import let_go, make_host
from .person import Person


@pytest.fixture
def config() -> dict[str, Any]:
    """Override to give the host other settings."""
    return {}


@pytest.fixture(autouse=True)
def signals_carry_their_facts() -> Iterator[None]:
    """A subscriber that fails is only logged, so the facts of all signals are looked at here."""
    with facts.watched() as faults:
        yield
    assert not faults


@pytest.fixture
def host(
    database: str,
    clock: Any,
    config: dict[str, Any],
    tmp_path: Path,
    recycled_tables: str,
) -> Iterator[Any]:
    app = make_host(database, tmp_path, clock, **config)
    yield app
    with app.app_context():
        app.db.session.remove()
        app.db.engine.dispose()


@pytest.fixture
def alice(host: Any, clock: Any) -> Person:
    """Alice, signed in, without two-factor authentication."""
    person = Person(host, clock)
    person.sign_in()
    return person


@pytest.fixture
def protected(alice: Person) -> Person:
    """Alice, signed in, with every area protected."""
    alice.enrol()
    return alice


@pytest.fixture
def flask(host: Any) -> Any:
    """Run `flask twofactor ...`."""
    runner = host.test_cli_runner()

    def run(*args: str, **options: Any) -> Any:
        return runner.invoke(args=["twofactor", *args], **options)

    return run


class Statements(list[str]):
    """The statements sent to the database.

    Left out is what MySQL takes besides: one for the isolation level of a transaction, and one for
    the ticket to delete, which others return with the DELETE.
    """

    @property
    def commits(self) -> int:
        return self.count("COMMIT")

    @property
    def of_twofactor(self) -> list[str]:
        return [text for text in self if "twofactor_" in text]


@pytest.fixture
def statements(host: Any) -> Statements:
    seen = Statements()
    with host.app_context():
        engine = host.db.engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        first = text.split()[:2]
        to_delete = first == ["SELECT", "twofactor_ticket.digest,"] and "FOR UPDATE" in text
        if first != ["SET", "TRANSACTION"] and not to_delete:
            seen.append(text)

    @event.listens_for(engine, "commit")
    def committed(_connection: Any) -> None:
        seen.append("COMMIT")

    return seen


@pytest.fixture
def factory(tmp_path: Path, clock: Any) -> Iterator[Any]:
    """Make another application; each has its own database unless it names one."""
    apps: list[Any] = []

    def make(name: str = "one", **config: Any) -> Any:
        uri = config.pop("uri", f"sqlite:///{tmp_path}/{name}.sqlite")
        app = create_app(uri, clock, **config)
        with app.app_context():
            # The applications share one `db`, but not all have the same binds.
            app.db.create_all(list(app.db.engines))
        apps.append(app)
        return app

    yield make
    let_go(apps)
