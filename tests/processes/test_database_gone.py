"""Requests whose database fails before each of their statements in turn."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from portal.extensions import db
from portal.twofactor.service import tickets
from tests.support.burst import Request
from tests.support.databases import both
from tests.support.html import parse

from .people import DEACTIVATE, PASSWORD, SIGN_IN, TWOFACTOR, People, Person

pytestmark = pytest.mark.slow


class Gone:
    """A database that fails from the n-th statement on; COMMIT counts as a statement."""

    def __init__(self, number: int) -> None:
        self.number, self.seen = number, 0

    @property
    def happened(self) -> bool:
        return self.seen >= self.number

    def _tick(self, connection: Any) -> None:
        self.seen += 1
        if not self.happened:
            return
        if connection.dialect.name == "sqlite":
            raise OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))
        connection.connection.driver_connection.close()  # the driver notices by itself

    def _refuse(self, *_: Any) -> None:
        if self.happened:
            raise OperationalError("", {}, Exception("connection refused"))

    @contextmanager
    def injected(self) -> Iterator[None]:
        def statement(connection: Any, *_: Any) -> None:
            self._tick(connection)

        listeners = (
            ("before_cursor_execute", statement),
            ("commit", self._tick),
            ("do_connect", self._refuse),
        )
        for name, listener in listeners:
            # Before the portal's own, of which one opens the connection.
            event.listen(db.engine, name, listener, insert=True)
        try:
            yield
        finally:
            for name, listener in listeners:
                event.remove(db.engine, name, listener)


def _guarded(people: People, alice: Person) -> Request:
    [cookie] = people.browsers(alice, 1)
    email = f"alice{int(people.clock())}@example.org"
    return people.new_email(cookie, email, twofactor_code=alice.code())


def _second_step(people: People, alice: Person) -> Request:
    [cookie] = people.pending(alice, 1)
    return people.post(SIGN_IN, cookie, code=alice.code())


def _second_step_by_recovery(people: People, alice: Person) -> Request:
    [cookie] = people.pending(alice, 1)
    return people.post(SIGN_IN, cookie, code=alice.recovery_code)


def _first_step(people: People, _alice: Person) -> Request:
    [cookie] = people.browsers(None, 1)
    return people.post("/login", cookie, identity="alice", password=PASSWORD)


def _deactivation(people: People, alice: Person) -> Request:
    [cookie] = people.browsers(alice, 1)
    return people.post(DEACTIVATE, cookie, code=alice.code(), password=PASSWORD)


def _fewer_areas(people: People, alice: Person) -> Request:
    [cookie] = people.browsers(alice, 1)
    return people.post(f"{TWOFACTOR}/", cookie, areas=["password"], twofactor_code=alice.code())


def _activation(people: People, alice: Person) -> Request:
    people.kit.store.run(lambda tx: tx.remove_account(alice.key))
    ticket_id = people.begin(alice)
    [cookie] = people.browsers(alice, 1, [{tickets.ENROLMENT: ticket_id}])
    return people.post(f"{TWOFACTOR}/activate", cookie, code=alice.code())


REQUESTS = (
    _guarded,
    _first_step,
    _second_step,
    _second_step_by_recovery,
    _deactivation,
    _fewer_areas,
    _activation,
)
# The address, and how many sessions have the current version of the credential.
OF_CUSTOMER = """
SELECT email, (SELECT count(*) FROM portal_session AS s
    WHERE s.customer_id = c.id AND s.credential_version = c.credential_version)
FROM customer AS c WHERE id = :id"""


def _state(people: People, alice: Person) -> tuple[Any, ...]:
    """The state that a person would see as changed."""
    with db.engine.connect() as connection:
        [own] = connection.execute(text(OF_CUSTOMER), {"id": alice.id})
    account = people.kit.store.account(alice.key)
    return (*own, None if account is None else (account.areas, account.recovery_hash))


@both
@pytest.mark.parametrize("make", REQUESTS, ids=lambda make: make.__name__.strip("_"))
def test_each_statement_in_turn(
    app: Flask, people: People, make: Callable[[People, Person], Request]
):
    """A-64, C-93, C-131: a true sentence each time, and everything works afterwards."""
    alice = people.person()
    app.testing = False  # errors become pages, as they do for customers
    faults: list[str] = []
    for number in range(1, 60):
        people.end_sessions()
        people.clock.advance(7200)  # at most 20 recovery codes a day are judged
        if make is not _activation and people.rows("account", alice) == 0:
            people.enrol(alice)
        request = make(people, alice)
        before = _state(people, alice)
        gone = Gone(number)
        client = app.test_client()
        client.set_cookie("portal_session", request.cookie)
        with gone.injected():
            reply = client.post(request.path, data=request.data)
        status, said = reply.status_code, parse(reply.text).text
        if not gone.happened:
            break
        after = _state(people, alice)
        denies = "didn't do anything" in said or "didn't change" in said
        if status == 500 or "Traceback" in said:
            faults.append(f"statement {number}: {status} {said[-160:]}")
        if denies and after != before:
            faults.append(f"statement {number}: says that nothing was changed; {before} {after}")
        if people.rows("account", alice) != people.rows("authenticator", alice):
            faults.append(f"statement {number}: half a state")
        db.session.remove()
    else:
        pytest.fail("no end")
    assert faults == []
    assert status == 303
    assert number > 5
