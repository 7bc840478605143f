"""Timeouts for a database that does not answer; the page says so."""

import gc
import socket
import time
from collections.abc import Iterator

import pytest
from flask import request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal import create_app
from portal.extensions import db
from portal.security.database import is_mysql
from tests.support.databases import address_for, each_driver
from tests.support.enrol import enrol, sign_in
from tests.support.forms import answer, submit
from tests.support.html import parse

SECONDS = 2
EMAIL = "/security/email"


@pytest.fixture
def settings():
    return {"DATABASE_TIMEOUT_SECONDS": SECONDS}


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


# Drivers in pure Python leave the socket of an attempt that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.parametrize(
    "scheme",
    [
        *(f"postgresql+{name}" for name in ("psycopg", "psycopg2", "pg8000")),
        *(f"mysql+{name}" for name in ("pymysql", "mysqldb")),
    ],
)
def test_a_server_that_says_nothing(tmp_path, silent, scheme):
    """A-64, F-64"""
    uri = address_for(f"{scheme}://portal@127.0.0.1:{silent}/portal", scheme.partition("+")[2])
    app = create_app(
        {
            "INSTANCE_PATH": str(tmp_path / "instance"),
            "SQLALCHEMY_DATABASE_URI": uri.render_as_string(),
            "DATABASE_TIMEOUT_SECONDS": SECONDS,
        }
    )
    client = app.test_client()
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], "any")
    begun = time.monotonic()
    response = client.get("/")
    assert time.monotonic() - begun < 4 * SECONDS
    assert response.status_code == 503
    assert len(parse(response.text).by_id("main").text) > 60
    gc.collect()


@pytest.mark.postgres
def test_a_lock_that_nobody_gives_back(app, signed_in, customer_password, clock):
    """A-64: the guarded deed is refused while another transaction holds the account's row."""
    enrolled = enrol(signed_in, clock, customer_password, ["email"])
    code = enrolled.next_code()
    typed = {"current_password": customer_password, "email": "new@example.org"}
    with app.app_context(), db.engine.connect() as holder:
        asked = submit(signed_in, EMAIL, typed)
        holder.execute(text("UPDATE twofactor_account SET activated_at = activated_at"))
        begun = time.monotonic()
        response = answer(signed_in, asked, {"twofactor_code": code})
        assert SECONDS * 0.9 < time.monotonic() - begun < 3 * SECONDS
        assert response.status_code == 503
        assert "we didn&#39;t do anything" in response.text
        holder.rollback()
    clock.advance(60)
    asked = submit(signed_in, EMAIL, typed)
    done = answer(signed_in, asked, {"twofactor_code": enrolled.next_code()})
    assert done.status_code == 303


@each_driver
def test_each_server_is_told_the_limits(database, driver, tmp_path):
    """F-64: also a wait for a lock that nobody gives back ends, and is named as a fault."""
    app = create_app(
        {
            "INSTANCE_PATH": str(tmp_path / "instance"),
            "SQLALCHEMY_DATABASE_URI": address_for(database, driver).render_as_string(),
            "DATABASE_TIMEOUT_SECONDS": SECONDS,
        }
    )
    with app.app_context():
        on_mysql = is_mysql()
        with db.engine.connect() as connection:
            names = ("statement_timeout", "lock_timeout")
            asked = [f"SHOW {name}" for name in names]
            if on_mysql:
                names = ("max_statement_time", "innodb_lock_wait_timeout", "lock_wait_timeout")
                asked = [f"SELECT @@{name}" for name in names]
            told = [connection.execute(text(each)).scalar() for each in asked]
            assert told == ([SECONDS] * 3 if on_mysql else [f"{SECONDS}s"] * 2)
        with db.engine.begin() as connection:
            connection.execute(text("CREATE TABLE one (id integer primary key)"))
            connection.execute(text("INSERT INTO one VALUES (1)"))
        with db.engine.connect() as holder, db.engine.connect() as waiting:
            holder.execute(text("SELECT * FROM one FOR UPDATE"))
            begun = time.monotonic()
            with pytest.raises(DBAPIError):
                waiting.execute(text("SELECT * FROM one FOR UPDATE"))
            assert SECONDS * 0.9 < time.monotonic() - begun < 3 * SECONDS
        db.engine.dispose()


LOCKED = "SELECT * FROM one FOR UPDATE"


@each_driver
def test_each_driver_s_errors_are_no_faults(database, driver, tmp_path):
    """A time limit, a lock, a server that takes no writes, a connection that is ended.

    psycopg2 and pg8000 have other classes for some of these than psycopg, so people read of a
    fault (500).
    """
    settings = {
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "SQLALCHEMY_DATABASE_URI": address_for(database, driver).render_as_string(),
        "DATABASE_TIMEOUT_SECONDS": SECONDS,
    }
    app = create_app(settings)
    asked = {"/locked": [LOCKED]}

    def fail() -> str:
        for statement in asked[request.path]:
            db.session.execute(text(statement))
        return "nothing failed"

    with app.app_context():
        engine, on_mysql = db.engine, is_mysql()
    if on_mysql:
        asked["/ended"] = ["KILL CONNECTION_ID()"]
    else:
        asked["/slow"] = ["SELECT pg_sleep(60)"]
        asked["/read-only"] = ["SET TRANSACTION READ ONLY", "INSERT INTO one VALUES (2)"]
        asked["/ended"] = ["SELECT pg_terminate_backend(pg_backend_pid())"]
    for path in asked:
        app.add_url_rule(path, path, fail)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE one (id integer primary key)"))
        connection.execute(text("INSERT INTO one VALUES (1)"))
    with engine.connect() as holder:
        holder.execute(text(LOCKED))
        for path in asked:
            response = app.test_client().get(path)
            assert response.status_code == 503, (path, response.text)
            assert len(parse(response.text).by_id("main").text) > 60
    engine.dispose()


@pytest.mark.mariadb
def test_transactions_stay_in_read_committed(app):
    """F-63: also on a connection that a guard has used, of which each statement was a transaction.

    In REPEATABLE READ, a new password and an activation at the same moment waited for each other
    until the time limit, since InnoDB locks the gaps between rows there.
    """
    glances = app.extensions["twofactor"].kit.store._transactions
    with app.app_context():
        for _ in range(2):
            with db.engine.connect() as connection:
                assert connection.scalar(text("SELECT @@tx_isolation")) == "READ-COMMITTED"
            with glances.reading() as connection:
                connection.execute(text("SELECT 1"))


@pytest.mark.postgres
def test_a_server_that_takes_no_writes(app, client, customer, customer_password):
    """A-64: such as a standby, or a primary that was made one behind a pooler."""
    with app.app_context():
        with db.engine.begin() as connection:
            name = connection.engine.url.database
            read_only = "default_transaction_read_only = on"
            connection.execute(text(f"ALTER DATABASE {name} SET {read_only}"))
        db.engine.dispose()
    response = sign_in(client, "alice", customer_password)
    assert response.status_code == 503
    assert len(parse(response.text).by_id("main").text) > 60
