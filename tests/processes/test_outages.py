"""A locked, full or stopped database under real workers: the page explains, nothing is done."""

import itertools
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from portal.extensions import db
from tests.support import postgres
from tests.support.burst import Answer, Request, burst
from tests.support.databases import of_a_file
from tests.support.gunicorn import Gunicorn
from tests.support.html import parse

from .conftest import Serve
from .people import DEACTIVATE, PASSWORD, SIGN_IN, People, Person

pytestmark = pytest.mark.slow


def sentence(answer: Answer) -> None:
    """Check for a 503 page in words: no traceback, no 500, not cached."""
    assert answer.status == 503, (answer.status, answer.text[:300])
    assert answer.headers["cache-control"] == "no-store"
    page = parse(answer.text)
    assert page.all("h1")
    assert len(page.by_id("main").text) > 60
    for word in ("Traceback", "sqlite3", "psycopg", "SELECT", "File "):
        assert word not in answer.text


def every_way(people: People, person: Person) -> list[Request]:
    """Requests with the right code at guard, sign-in and deactivation, and one with a password."""
    [cookie] = people.browsers(person, 1)
    [half_in] = people.pending(person, 1)
    [nobody] = people.browsers(None, 1)
    code = person.code()
    return [
        people.new_email(cookie, f"{person.name}2@example.org", twofactor_code=code),
        people.post(SIGN_IN, half_in, code=code),
        people.post(SIGN_IN, half_in, code=person.recovery_code),
        people.post(DEACTIVATE, cookie, code=code, password=PASSWORD),
        people.post("/login", nobody, identity=person.name, password=PASSWORD),
    ]


def nothing_happened(people: People, person: Person, before: int, sessions: int) -> None:
    assert people.events(before) == {}
    assert people.email_of(person) == f"{person.name}@example.org"
    assert people.signed_in(person) == sessions
    assert people.kit.store.account(person.key).failures == 0


def all_is_well(portal: Gunicorn, people: People, person: Person) -> None:
    """Check that the same code still works, so it was not used up and nothing is held."""
    [guarded, second, *_] = every_way(people, person)
    [first, again] = [burst(portal.port, [request])[0] for request in (guarded, second)]
    assert (first.status, again.status) == (303, 403)
    people.clock.advance()
    [entered] = burst(portal.port, [every_way(people, person)[1]])
    assert (entered.status, entered.location) == (303, "/")
    [inside] = burst(portal.port, [Request("GET", "/", cookie=entered.cookie)])
    assert inside.status == 200


def path_of(database: str) -> Path:
    return Path(make_url(database).database or "")


@of_a_file
class TestLocked:
    @pytest.mark.parametrize("mode", ["NORMAL", "EXCLUSIVE"])
    def test_a_database_locked_for_too_long(
        self, serve: Serve, people: People, database: str, mode: str
    ):
        """A-64, C-93, C-131: another process keeps the write lock, or the whole file.

        With the portal's own timeouts, and with sessions last used some time ago.
        """
        alice = people.person()
        portal = serve(workers=5)
        requests = every_way(people, alice)
        people.let_sessions_idle(120)
        before, sessions = people.last_event(), people.signed_in(alice)
        db.engine.dispose()
        keeper = sqlite3.connect(path_of(database), isolation_level=None)
        if mode == "EXCLUSIVE":
            portal.stop()  # only possible while nobody else has the file open
            keeper.execute("PRAGMA locking_mode = EXCLUSIVE")
        keeper.execute("BEGIN EXCLUSIVE")
        if mode == "EXCLUSIVE":
            portal.start(wait=False)
        begun = time.monotonic()
        answers = burst(portal.port, requests)
        took = time.monotonic() - begun
        keeper.execute("ROLLBACK")
        keeper.close()
        for answer in answers:
            sentence(answer)
        assert took < 29, "the worker would have been killed before it could answer"
        nothing_happened(people, alice, before, sessions)
        all_is_well(portal, people, alice)


@of_a_file
class TestFull:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"BUSY_MILLISECONDS": 5000}

    def test_a_full_database(self, serve: Serve, people: People, tmp_path: Path):
        """A-64, C-93, C-131: SQLite may take no further page (SQLITE_FULL)."""
        alice = people.person()
        portal = serve(workers=2)
        (tmp_path / "full").touch()
        [cookie] = people.browsers(alice, 1)
        full: list[Answer] = []
        # Fill the pages that are left, until nothing more can be written.
        for _ in range(40):
            people.clock.advance()
            before = people.last_event()
            code, name = alice.code(), f"alice{int(people.clock())}"
            changes = [
                people.new_email(cookie, f"{name}.{each}@example.org", twofactor_code=code)
                for each in range(8)
            ]
            answers = burst(portal.port, changes)
            assert people.events(before).get("code_accepted", 0) <= 1
            refused = [answer for answer in answers if answer.status not in (303, 403)]
            full += refused
            if len(full) > 20 and refused == answers:
                break
        assert len(full) > 20
        for answer in full:
            sentence(answer)
        people.clock.advance()
        before, sessions = people.last_event(), people.signed_in(alice)
        (tmp_path / "full").unlink()
        [entered] = burst(
            portal.port, [people.post(SIGN_IN, people.pending(alice, 1)[0], code=alice.code())]
        )
        assert (entered.status, entered.location) == (303, "/")
        assert people.events(before) == {"code_accepted": 1}
        assert people.signed_in(alice) == sessions + 1

    def test_a_full_disk(self, serve: Serve, people: People, database: str):
        """A-64, C-93, C-131: a file system with no byte left."""
        alice = people.person()
        portal = serve(workers=2)
        requests = every_way(people, alice)
        before, sessions = people.last_event(), people.signed_in(alice)
        filler = path_of(database).parent / "filler"
        fill(filler)
        answers = burst(portal.port, requests)
        filler.unlink()
        for answer in answers[:4]:
            sentence(answer)
        nothing_happened(people, alice, before, sessions)
        all_is_well(portal, people, alice)


def fill(path: Path) -> None:
    """Let a file grow until nothing more fits beside it."""
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        file.writelines(itertools.repeat(bytes(4096)))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes; only root can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here; test_a_full_database needs none")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, database: str) -> str:
    """The address of a database, on the small disk for tests about that."""
    if "full_disk" in request.node.name:
        return f"sqlite:///{request.getfixturevalue('small_disk') / 'portal.sqlite'}"
    if "stops" in request.node.name:
        return request.getfixturevalue("own_server").create_database()
    return database


class OwnServer(postgres.Server):
    """A PostgreSQL server of which each database keeps what was committed, when it stops."""

    def create_database(self, kind: str = "") -> str:
        uri = super().create_database(kind)
        self.run(f"ALTER DATABASE {make_url(uri).database} SET synchronous_commit = on")
        return uri


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    server = OwnServer.start()
    yield server
    server.stop()


@pytest.mark.postgres
def test_a_server_that_stops(serve: Serve, people: People, own_server: OwnServer):
    """A-64, C-33, C-93, C-131: stopped amid 32 requests with one code, six times."""
    alice = people.person()
    portal = serve(workers=4)
    seen = Counter[int]()
    for number in range(6):
        cookies = people.browsers(alice, 32)
        new = [f"alice{number}.{each}@example.org" for each in range(32)]
        code, before = alice.code(), people.last_event()
        requests = [
            people.new_email(cookie, email, twofactor_code=code)
            for cookie, email in zip(cookies, new, strict=True)
        ]
        db.engine.dispose()
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(burst, portal.port, requests)
            time.sleep(random.uniform(0, 0.3))
            own_server.halt(signal.SIGINT if number % 2 else signal.SIGQUIT)
            answers = sent.result()
        down = burst(portal.port, requests[:8])
        own_server.launch()
        for answer in (*answers, *down):
            seen[answer.status] += 1
            if answer.status not in (303, 403):
                sentence(answer)
        assert {answer.status for answer in down} == {503}
        db.engine.dispose()
        events = people.events(before)
        done = people.email_of(alice) in new
        assert events.get("code_accepted", 0) <= 1
        assert [answer.status for answer in answers].count(303) <= done <= 1
        assert not done or events["code_accepted"] == 1
        people.clock.advance()
        # The earlier connections are dead, but no request fails.
        code = alice.code()
        after = burst(
            portal.port,
            [
                people.new_email(cookies[0], f"{number}.{each}@example.org", twofactor_code=code)
                for each in range(8)
            ],
        )
        assert Counter(answer.status for answer in after) == {303: 1, 403: 7}
        assert people.kit.store.account(alice.key).failures == 0
        people.clock.advance()
    assert seen[503] > 48
