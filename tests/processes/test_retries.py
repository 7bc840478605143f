"""Transactions that the database rejects are retried a few times and count once."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from portal.extensions import db
from portal.twofactor.storage import transactions as place
from tests.support.databases import both
from tests.support.enrol import sign_in
from tests.support.forms import answer
from tests.support.html import parse

from .people import ALL, PASSWORD, SIGN_IN, People

pytestmark = pytest.mark.slow


class Refused(Exception):
    """A stand-in for psycopg's exception, with the attribute `sqlstate`."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("could not serialize access, or a deadlock was found")
        self.sqlstate = sqlstate


def _busy(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = code
    return error


CAUSES: dict[str, Callable[[], Exception]] = {
    "40001": lambda: Refused("40001"),
    "40P01": lambda: Refused("40P01"),
    "SQLITE_BUSY": lambda: _busy(sqlite3.SQLITE_BUSY),
    "SQLITE_LOCKED": lambda: _busy(sqlite3.SQLITE_LOCKED),
    "SQLITE_BUSY_SNAPSHOT": lambda: _busy(sqlite3.SQLITE_BUSY_SNAPSHOT),
}
MOMENTS = ("first statement", "last statement", "commit")


class Faults:
    """Faults that make transactions of the second factor fail some times."""

    def __init__(self, cause: str, moment: str, times: int) -> None:
        self.left, self.raised, self.begun = times, 0, 0
        self._cause, self._moment = CAUSES[cause], moment

    def fail(self) -> None:
        if self.left > 0:
            self.left -= 1
            self.raised += 1
            raise OperationalError("a statement", {}, self._cause())

    @contextmanager
    def injected(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Fail only the transactions of the second factor, not the host's own statements."""
        inside: list[bool] = []
        once = place._once

        def watched(engine: Any, work: Callable[[Any], Any]) -> Any:
            self.begun += 1

            def failing(connection: Any) -> Any:
                inside.append(True)
                if self._moment == "first statement":
                    self.fail()
                return work(connection)

            try:
                return once(engine, failing)
            finally:
                inside.clear()

        def statement(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
            if inside and self._moment == "last statement" and "twofactor_event" in text:
                self.fail()

        def commit(_connection: Any) -> None:
            if inside and self._moment == "commit":
                self.fail()

        event.listen(db.engine, "before_cursor_execute", statement)
        event.listen(db.engine, "commit", commit)
        with monkeypatch.context() as patch:
            patch.setattr(place, "_once", watched)
            yield
        event.remove(db.engine, "before_cursor_execute", statement)
        event.remove(db.engine, "commit", commit)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch, people: People) -> list[float]:
    """The pauses between attempts in seconds, recorded instead of waited."""
    waited: list[float] = []
    monkeypatch.setattr(people.kit.store._transactions, "_pause", waited.append)
    return waited


@both
def test_a_code_is_judged_once_whatever_is_retried(
    app: Flask, people: People, pauses: list[float], monkeypatch: pytest.MonkeyPatch
):
    """C-33, C-42: four failures of the transaction, then one wrong code, then one right code."""
    alice = people.person(areas=ALL)
    for cause, moment in itertools.product(CAUSES, MOMENTS):
        people.clock.advance()
        people.kit.store.run(lambda tx: tx.clear_throttle(alice.key))
        client = app.test_client()
        asked = sign_in(client, "alice", PASSWORD, follow_redirects=True)
        counted = people.kit.store.account(alice.key).failures
        faults = Faults(cause, moment, place.ATTEMPTS - 1)
        before = people.last_event()
        pauses.clear()
        with faults.injected(monkeypatch):
            wrong = answer(client, asked, {"code": alice.wrong()})
        assert wrong.status_code == 403
        assert (faults.raised, faults.begun) == (place.ATTEMPTS - 1, place.ATTEMPTS)
        assert len(pauses) == place.ATTEMPTS - 1
        assert people.events(before) == {"code_wrong": 1}
        account = people.kit.store.account(alice.key)
        assert (account.failures, len(account.codes.recent)) == (counted + 1, 1)
        faults = Faults(cause, moment, 1)
        with faults.injected(monkeypatch):
            right = answer(client, asked, {"code": alice.code()})
        assert (right.status_code, right.location) == (303, "/")
        assert faults.raised == 1
        assert people.events(before) == {"code_wrong": 1, "code_accepted": 1}


@both
def test_trying_again_has_an_end(
    app: Flask, people: People, pauses: list[float], monkeypatch: pytest.MonkeyPatch
):
    """A-64, C-93, C-131: the page explains, nothing counts, nobody gets in; then all works."""
    alice = people.person(areas=ALL)
    for cause in CAUSES:
        people.clock.advance()
        client = app.test_client()
        asked = sign_in(client, "alice", PASSWORD, follow_redirects=True)
        assert asked.request.path == SIGN_IN
        before = people.last_event()
        for code in (alice.wrong(), alice.code(), alice.recovery_code):
            faults = Faults(cause, "first statement", 1000)
            pauses.clear()
            with faults.injected(monkeypatch):
                reply = answer(client, asked, {"code": code})
            assert reply.status_code == 503
            assert "Traceback" not in reply.text
            assert parse(reply.text).all("h1")[0].text == "Sorry, we're unavailable"
            assert faults.begun <= place.ATTEMPTS
            assert sum(pauses) < 2
        assert people.events(before) == {}
        assert people.kit.store.account(alice.key).failures == 0
        assert client.get("/").status_code == 303
        done = answer(client, asked, {"code": alice.code()})
        assert (done.status_code, done.location) == (303, "/")


@pytest.mark.parametrize(
    "error",
    [Refused("57014"), Refused("53100"), _busy(sqlite3.SQLITE_FULL), _busy(sqlite3.SQLITE_IOERR)],
    ids=["cancelled", "disk full", "SQLITE_FULL", "SQLITE_IOERR"],
)
def test_permanent_faults_are_not_retried(
    app: Flask, people: People, pauses: list[float], monkeypatch, error: Exception
):
    """A-64, C-93"""
    alice = people.person(areas=ALL)
    client = app.test_client()
    asked = sign_in(client, "alice", PASSWORD, follow_redirects=True)
    monkeypatch.setitem(CAUSES, "other", lambda: error)
    faults = Faults("other", "first statement", 1000)
    with faults.injected(monkeypatch):
        reply = answer(client, asked, {"code": alice.code()})
    assert reply.status_code == 503
    assert (faults.begun, pauses) == (1, [])
