"""Short writes of the portal are done again after a conflict, and count once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, delete, event, func, insert, select
from sqlalchemy.exc import OperationalError

import portal
from portal.auth.service import request_reset
from portal.extensions import db
from portal.mail import outbox
from portal.models import AddressFailure as Row
from portal.models import Customer, OutboxMail, PasswordReset
from portal.security.retries import ASKED, SHORT_ATTEMPTS, rows_written, written
from tests.support.forms import find_form, submit
from tests.support.mail import last_link

pytestmark = pytest.mark.thorough

NETWORK = "198.51.100.7"
# These have their own answer to a conflict: a lost race for the count of wrong passwords.
THEIR_OWN = {"security/retries.py", "account/password_attempts.py"}


class Fault(Exception):
    """A stand-in for a driver's exception: PyMySQL has the number first, psycopg a SQLSTATE."""

    def __init__(self, told: str | int) -> None:
        super().__init__(told)
        self.sqlstate = told if isinstance(told, str) else None


class Commits:
    """Commits of the portal's database, some of which fail."""

    def __init__(self) -> None:
        self.left, self.asked, self.spared = 0, 0, 0
        self.told: str | int = 0

    def fail(self, times: int, told: str | int, spared: int = 0) -> None:
        """Let as many commits fail, after some that go through."""
        self.left, self.asked, self.told, self.spared = times, 0, told, spared

    def note(self, _connection: Connection) -> None:
        self.asked += 1
        if self.spared < self.asked <= self.spared + self.left:
            raise OperationalError("COMMIT", {}, Fault(self.told))


@pytest.fixture
def commits_of_pages(app: Flask) -> Iterator[Commits]:
    """Those of requests, each of which has its own session of the database."""
    with app.app_context():
        watched, engine = Commits(), db.engine
    event.listen(engine, "commit", watched.note)
    yield watched
    event.remove(engine, "commit", watched.note)


@pytest.fixture
def commits(app: Flask, commits_of_pages: Commits) -> Iterator[Commits]:
    with app.app_context():
        yield commits_of_pages


def add(connection: Connection) -> None:
    connection.execute(insert(Row).values(network=NETWORK, at=1))


def stored() -> int:
    with db.engine.connect() as connection:
        mine = select(func.count()).select_from(Row).where(Row.network == NETWORK)
        return connection.scalar(mine) or 0


@pytest.mark.parametrize("told", ASKED)
def test_a_conflict_is_written_again_and_counts_once(commits: Commits, told: str | int):
    commits.fail(SHORT_ATTEMPTS - 1, told)
    written(add)
    assert (commits.asked, stored()) == (SHORT_ATTEMPTS, 1)
    commits.fail(1, told)
    assert rows_written(delete(Row).where(Row.network == NETWORK)) == 1
    assert (commits.asked, stored()) == (2, 0)


def test_trying_again_has_an_end(commits: Commits):
    commits.fail(1000, 1213)
    with pytest.raises(OperationalError):
        written(add)
    assert (commits.asked, stored()) == (SHORT_ATTEMPTS, 0)


@pytest.mark.parametrize("told", [2013, "57P01"])
def test_another_error_is_told_at_once(commits: Commits, told: str | int):
    commits.fail(1, told)
    with pytest.raises(OperationalError):
        written(add)
    assert (commits.asked, stored()) == (1, 0)


def test_the_work_of_the_request_goes_on(commits: Commits, customer: Customer):
    """The session of the request is neither committed nor rolled back by it."""
    mine = db.session.merge(customer)
    mine.full_name = "Someone Else"
    commits.fail(1, 1213)
    with db.session.no_autoflush:
        written(add)
    assert mine in db.session.dirty
    db.session.rollback()
    assert stored() == 1


def test_a_reset_link_is_written_again_with_its_mail(
    app: Flask, commits: Commits, customer: Customer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "hand_over", lambda: None)
    app.config["ADDRESS_FAILURES"] = 0
    with app.test_request_context():
        commits.fail(1, 1213)
        request_reset(customer.email)
    assert commits.asked == 2
    for table in (PasswordReset, OutboxMail):
        assert db.session.scalar(select(func.count()).select_from(table)) == 1


def save(browser: FlaskClient) -> None:
    done = submit(browser, "/security/profile", {"full_name": "Ada Lovelace"}, button="Save")
    assert done.status_code == 303
    assert "Ada Lovelace" in browser.get("/security/profile").text


def switch(browser: FlaskClient) -> None:
    token = find_form(browser.get("/").text, "csrf_token").fields[0][1]
    switched = browser.post("/language", data={"csrf_token": token, "language": "de"})
    assert switched.status_code == 303
    assert '<html lang="de' in browser.get("/").text


def cancel(browser: FlaskClient) -> None:
    # Another one each time: the same form would be one that was sent twice.
    typed = {"current_password": "plum-coffee-lantern-42", "email": f"{uuid4()}@example.org"}
    assert submit(browser, "/security/email", typed).status_code == 303
    assert submit(browser, "/security/", {}, button="Cancel").status_code == 303
    assert typed["email"] not in browser.get("/security/").text


def open_reset(browser: FlaskClient) -> None:
    submit(browser, "/forgot", {"email": "alice@example.org"})
    opened = browser.get(last_link(browser.application))
    assert opened.status_code in (200, 303)


@pytest.mark.parametrize("deed", [save, switch, cancel, open_reset])
def test_each_commit_of_a_page_may_fail_once(
    signed_in: FlaskClient, commits_of_pages: Commits, deed: Callable[[FlaskClient], None]
):
    """Another node of a cluster may have changed the same row."""
    signed_in.application.config["EMAIL_LINKS"] = 0
    for spared in range(100):
        commits_of_pages.fail(1, 1213, spared)
        deed(signed_in)
        if commits_of_pages.asked <= spared:
            return
    raise AssertionError("it has no end")


def test_no_module_has_a_short_transaction_of_its_own():
    """A new one would answer 503 where InnoDB finds a deadlock."""
    folder = Path(portal.__file__).parent
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if "engine.begin()" in path.read_text()
    }
    ours = {name for name in found if not name.startswith("twofactor/")}
    assert ours == THEIR_OWN
