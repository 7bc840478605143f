"""PostgreSQL behind PgBouncer in transaction mode: time limits, races, commands, one journey."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import OperationalError

from portal.extensions import db
from tests.support import pgbouncer, postgres
from tests.support.burst import burst
from tests.support.enrol import TWOFACTOR, enrol, sign_in, status
from tests.support.forms import answer, submit
from tests.support.https import Https

from . import operating
from . import test_one_time as races
from .conftest import Serve
from .people import PASSWORD, People
from .test_outages import sentence

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

SECONDS = 5
ROUNDS = 2


@pytest.fixture(scope="module")
def pooler(postgres_server: postgres.Server) -> Iterator[pgbouncer.Pooler]:
    pooler = pgbouncer.start(postgres_server)
    yield pooler
    pooler.stop()


@pytest.fixture
def database(postgres_server: postgres.Server, pooler: pgbouncer.Pooler) -> Iterator[str]:
    uri = postgres_server.create_database()
    yield pooler.through(uri)
    postgres_server.drop_database(uri)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"DATABASE_TIMEOUT_SECONDS": SECONDS}


@pytest.fixture
def engine(app: Flask) -> Iterator[Engine]:
    """The portal's own, in this process."""
    with app.app_context():
        yield db.engine


def sessions(pooler: pgbouncer.Pooler, database: str, wanted: str) -> list[Any]:
    """Ask each session of the server that the pooler has open, past the portal."""
    name = str(make_url(database).database)
    with ExitStack() as stack:
        found = []
        for _ in range(4):
            other = stack.enter_context(pooler.connect(name))
            other.autocommit = False  # each keeps its session for itself until the end
            found.append(other.execute(wanted).fetchone())
        return found


def test_time_limits_are_those_of_each_transaction(
    engine: Engine, pooler: pgbouncer.Pooler, database: str
):
    """F-110: each transaction has them, and no session keeps them for another application."""
    for _ in range(3):
        with ExitStack() as stack:
            for _ in range(4):
                connection = stack.enter_context(engine.connect())
                for name in ("statement_timeout", "lock_timeout"):
                    assert connection.execute(text(f"SHOW {name}")).scalar() == f"{SECONDS}s"
    assert sessions(pooler, database, "SHOW statement_timeout") == [("0",)] * 4
    assert sessions(pooler, database, "SHOW lock_timeout") == [("0",)] * 4


def test_time_limits_cost_no_round_trip(engine: Engine, pooler: pgbouncer.Pooler, database: str):
    """They are sent with BEGIN, so a SELECT takes three round trips as it does without them."""

    def asked() -> int:
        with pooler.connect() as console:
            rows = console.execute("SHOW STATS_TOTALS").fetchall()
        [count] = [row[2] for row in rows if row[0] == make_url(database).database]
        return int(count)

    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    before = asked()
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    asked_for = asked() - before
    assert asked_for <= 4  # with the pool's own question whether the connection is alive


def test_a_transaction_that_can_not_begin(engine: Engine):
    """The pooler refuses: an error of the database, as the pages expect one, and no other."""
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        connection.commit()
        connection.connection.driver_connection.pgconn.finish()
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT 1"))


def test_counting_leaves_the_limits_of_others(
    engine: Engine, app: Flask, pooler: pgbouncer.Pooler, database: str
):
    """`stats` counts without a time limit, and takes it from no session of others."""
    limit = f"ALTER DATABASE {make_url(database).database} SET statement_timeout = '7s'"
    with engine.begin() as connection:
        connection.execute(text(limit))
    seen: list[Any] = []
    with pooler.connect() as console:
        console.execute("RECONNECT")  # sessions that are open do not have it

    with ExitStack() as stack:

        @event.listens_for(engine, "after_cursor_execute")
        def meanwhile(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if "GROUP BY" in statement:
                # The next client of the pooler gets this session of the server.
                seen.append(statement)
                other = stack.enter_context(pooler.connect(str(make_url(database).database)))
                other.autocommit = False
                seen.append(other.execute("SHOW statement_timeout").fetchone())

        app.extensions["twofactor"].kit.store.count_by_areas()
        event.remove(engine, "after_cursor_execute", meanwhile)
    assert seen[1:] == [("7s",)]
    assert sessions(pooler, database, "SHOW statement_timeout") == [("7s",)] * 4


def test_no_statement_is_prepared(engine: Engine, pooler: pgbouncer.Pooler, database: str):
    """F-117: psycopg would prepare a statement in one session and run it in another."""
    for number in range(12):
        with ExitStack() as stack:
            for _ in range(4):
                connection = stack.enter_context(engine.begin())
                found = connection.execute(text("SELECT :number + 1"), {"number": number})
                assert found.scalar() == number + 1
    count = "SELECT count(*) FROM pg_prepared_statements"
    assert sessions(pooler, database, count) == [(0,)] * 4


RACES: list[Callable[..., None]] = [
    races.test_a_code_does_one_deed,
    races.test_a_code_signs_in_once,
    races.test_a_code_switches_off_once,
    races.test_a_code_does_one_of_several_things,
    races.test_a_recovery_code_switches_off_once,
    races.test_a_recovery_code_signs_in_once,
    races.test_a_pass_serves_one_retry,
]


@contextmanager
def commands(app: Flask, folder: Path) -> Iterator[None]:
    """Run commands meanwhile, in a process of their own; none may fail."""
    taken = {
        "SQLALCHEMY_DATABASE_URI": app.config["SQLALCHEMY_DATABASE_URI"],
        "SECRET_KEY": app.config["SECRET_KEY"],
        "TWOFACTOR_KEYS": json.dumps(app.config["TWOFACTOR_KEYS"]),
        "INSTANCE_PATH": str(folder / "operator"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.processes.operating", str(folder / "end")],
        env=os.environ | {f"PORTAL_{name}": taken[name] for name in taken},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield
    finally:
        (folder / "end").touch()
        told, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors[-3000:]
    assert int(told) >= len(operating.COMMANDS)


def afresh(app: Flask) -> None:
    """Empty the database and the outbox for the next race."""
    with db.engine.begin() as connection:
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(table.delete())
    for path in (Path(app.instance_path) / "outbox").glob("*.eml"):
        path.unlink()


def test_races_while_commands_run(
    serve: Serve,
    people: People,
    app: Flask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """F-117, C-33: 32 requests at once, exactly one accepted; commands all the time."""
    monkeypatch.setattr(races, "ROUNDS", ROUNDS)
    run = races.Rounds(serve(workers=4, threads=8))
    with commands(app, tmp_path):
        for race in RACES:
            race(run, People(app, people.clock))
            afresh(app)
    assert len(run.workers) > 1
    log = run.portal.output()
    assert "Traceback" not in log
    assert "prepared statement" not in log


def test_a_journey(serve: Serve, people: People, pooler: pgbouncer.Pooler, database: str):
    """Sign-in, activation, a guarded action, a guarded view, signing in again, deactivation."""
    people.person("alice", areas=None)
    portal = serve(workers=2)
    browser = Https("127.0.0.1", portal.port)
    assert sign_in(browser, "alice", PASSWORD).status_code == 303
    phone = enrol(browser, people.clock, PASSWORD)
    asked = submit(
        browser, "/security/email", {"current_password": PASSWORD, "email": "a1@example.org"}
    )
    assert asked.status_code == 403
    assert answer(browser, asked, {"twofactor_code": phone.next_code()}).status_code == 303
    people.clock.advance(301)
    locked = browser.get("/invoices/")
    assert locked.status_code == 403
    assert answer(browser, locked, {"code": phone.next_code()}).status_code == 303
    assert browser.get("/invoices/").status_code == 200
    other = Https("127.0.0.1", portal.port)
    assert sign_in(other, "alice", PASSWORD).location.endswith(f"{TWOFACTOR}/sign-in")
    assert submit(other, f"{TWOFACTOR}/sign-in", {"code": phone.next_code()}).status_code == 303
    off = submit(other, f"{TWOFACTOR}/deactivate", {"code": phone.recovery_code})
    assert off.status_code == 303
    assert status(other) == "off"
    assert browser.get("/").status_code == 303
    assert sessions(pooler, database, "SHOW statement_timeout") == [("0",)] * 4


def test_a_pool_that_is_too_small(
    serve: Serve, people: People, postgres_server: postgres.Server, database: str
):
    """More requests at once than the pool has connections: refused in words, nothing done twice."""
    small = pgbouncer.start(postgres_server, size=4, patience=2)
    try:
        alice = people.person()
        portal = serve(workers=4, threads=4, SQLALCHEMY_DATABASE_URI=small.through(database))
        cookies, code, before = people.browsers(alice, 16), alice.code(), people.last_event()
        answers = burst(
            portal.port,
            [
                people.new_email(cookie, f"alice.{number}@example.org", twofactor_code=code)
                for number, cookie in enumerate(cookies)
            ],
        )
    finally:
        small.stop()
    seen = Counter(each.status for each in answers)
    for each in answers:
        if each.status not in (303, 403):
            sentence(each)
    assert seen[303] <= 1
    assert people.events(before).get("code_accepted", 0) <= 1
