"""Differences between the drivers that SQLAlchemy has for PostgreSQL and MariaDB (F-64)."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Connection, Integer, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.security.retries import is_conflict
from portal.twofactor.app.host import user_with_key
from portal.twofactor.core.errors import StorageUnavailable
from portal.twofactor.engines.errors import is_lost, may_try_again, misses_table
from portal.twofactor.storage import transactions
from portal.twofactor.storage.transactions import ATTEMPTS, SOON, Transactions, unavailable
from tests.support.databases import address_for, each_driver, engine_of

pytestmark = pytest.mark.thorough


@each_driver
def test_a_missing_table_is_named(database, driver):
    with engine_of(database, driver) as engine, engine.connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text("SELECT * FROM nothing_of_this_name"))
        assert misses_table(caught.value)
        assert "the tables are missing" in str(unavailable(caught.value))
        assert not may_try_again(caught.value)
        assert not is_lost(caught.value)


@each_driver
def test_a_conflict_may_be_tried_again(database, driver):
    """A serialization failure of PostgreSQL; of MariaDB, a lock that another holds (1205)."""
    with engine_of(database, driver) as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE one (id integer primary key, n integer)"))
            connection.execute(text("INSERT INTO one VALUES (1, 1)"))
        strict = engine.execution_options(isolation_level="SERIALIZABLE")
        with strict.connect() as first, strict.connect() as second:
            if engine.dialect.name == "postgresql":
                for connection in (first, second):
                    connection.execute(text("SELECT sum(n) FROM one")).all()
                first.execute(text("UPDATE one SET n = 2"))
                first.commit()
                late = "UPDATE one SET n = 3"
            else:
                first.execute(text("UPDATE one SET n = 2"))
                late = "SELECT * FROM one FOR UPDATE NOWAIT"
            with pytest.raises(DBAPIError) as caught:
                second.execute(text(late))
            assert may_try_again(caught.value)
            assert is_conflict(caught.value)
            assert not misses_table(caught.value)
            assert not is_lost(caught.value)


@each_driver
def test_the_same_row_twice_may_be_tried_again(database, driver):
    with engine_of(database, driver) as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE one (id integer primary key)"))
            connection.execute(text("INSERT INTO one VALUES (1)"))
        with engine.connect() as connection, pytest.raises(IntegrityError) as caught:
            connection.execute(text("INSERT INTO one VALUES (1)"))
        assert may_try_again(caught.value)


@each_driver
def test_a_name_is_looked_up_where_keys_are_numbers(database, driver):
    """PostgreSQL takes no text for a number, and then nothing before a rollback."""
    app, db = Flask("numbers"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = address_for(database, driver)
    db.init_app(app)

    class User(db.Model):
        id = Column(Integer, primary_key=True)

    with app.app_context():
        db.create_all()
        assert user_with_key(lambda key: db.session.get(User, key), str, "ghost") is None
        assert db.session.get(User, 7) is None
        db.session.remove()
        db.engine.dispose()


def end(connection: Connection) -> None:
    """End a connection from outside, as an operator or a server that stops does."""
    mysql = connection.dialect.name == "mysql"
    number = connection.scalar(
        text("SELECT connection_id()" if mysql else "SELECT pg_backend_pid()")
    )
    with connection.engine.connect() as other:
        ending = f"KILL {number}" if mysql else f"SELECT pg_terminate_backend({number}, 5000)"
        other.execute(text(ending))


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def now(monkeypatch) -> list[float]:
    """The time by which a transaction is given up; it stands still, however slow the machine is."""
    seconds = [0.0]
    monkeypatch.setattr(transactions, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


@each_driver
@pytest.mark.usefixtures("now")
def test_a_connection_lost_before_the_commit_is_tried_again(database, driver, pauses):
    with engine_of(database, driver) as engine:
        tried = Transactions(lambda: engine, pauses.append)
        ended: list[Connection] = []

        def work(connection: Connection) -> Any:
            if not ended:
                ended.append(connection)
                end(connection)
            return connection.scalar(text("SELECT 7"))

        assert tried.run(work) == 7
        assert pauses


@each_driver
def test_a_connection_lost_at_the_commit_is_not(database, driver, pauses):
    """Nobody knows whether it was committed; done again, the work could be done twice."""
    with engine_of(database, driver) as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE one (n integer)"))
        done: list[int] = []

        def work(connection: Connection) -> None:
            connection.execute(text("INSERT INTO one VALUES (1)"))
            end(connection)
            done.append(1)

        with pytest.raises(StorageUnavailable):
            Transactions(lambda: engine, pauses.append).run(work)
        assert (done, pauses) == ([1], [])
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM one")) == 0


@each_driver
def test_a_connection_that_fails_when_it_is_given_back(database, driver, monkeypatch):
    """As at a node that was cut off from its cluster: the driver's own error, not SQLAlchemy's."""
    with engine_of(database, driver) as engine:
        dialect, opened = engine.dialect, []
        event.listen(engine, "connect", lambda connection, _record: opened.append(connection))

        def refuse(_connection: Any) -> None:
            raise dialect.loaded_dbapi.OperationalError(1047, "WSREP has not yet prepared node")

        monkeypatch.setattr(dialect, "reset_isolation_level", refuse)
        with pytest.raises(StorageUnavailable), Transactions(lambda: engine).reading():
            pass
        for connection in opened:
            connection.close()


def test_a_connection_that_is_lost_each_time_or_after_long_is_given_up(now, pauses):
    """A time limit of the driver ends the connection, too; it would do so again."""
    engine, done = create_engine("sqlite://"), []
    tried = Transactions(lambda: engine, pauses.append)

    def work(took: float) -> Callable[[Connection], None]:
        def lost(_connection: Connection) -> None:
            done.append(1)
            now[0] += took
            raise DBAPIError("a statement", {}, Told(2013, "Lost connection"))

        return lost

    for took, attempts in ((0.0, ATTEMPTS), (SOON * 1.1, 1)):
        done.clear()
        with pytest.raises(StorageUnavailable):
            tried.run(work(took))
        assert len(done) == attempts


class Told(Exception):
    """An exception with the attributes of a driver's."""

    def __init__(self, *args: object, **told: object) -> None:
        super().__init__(*args)
        vars(self).update(told)


AGAIN, LOST, NEITHER = "again", "lost", "neither"
CAUSES = [
    (Told("psycopg", sqlstate="40001"), AGAIN),
    (Told("psycopg", sqlstate="40P01"), AGAIN),
    (Told("psycopg2", pgcode="40001"), AGAIN),
    (Told("psycopg2", pgcode="40P01"), AGAIN),
    (Told("asyncpg", sqlstate="40001", pgcode="40001"), AGAIN),
    (Told({"S": "ERROR", "C": "40001", "M": "pg8000"}), AGAIN),
    (Told({"S": "ERROR", "C": "40P01", "M": "pg8000"}), AGAIN),
    (Told(1213, "Deadlock found"), AGAIN),
    (Told(1205, "Lock wait timeout exceeded"), AGAIN),
    (Told(1020, "Record has changed since last read"), AGAIN),
    (Told(1047, "WSREP has not yet prepared node for application use"), AGAIN),
    (Told("psycopg", sqlstate="57P01"), LOST),
    (Told("psycopg2", pgcode="57P02"), LOST),
    (Told("psycopg2", pgcode="08006"), LOST),
    (Told({"S": "FATAL", "C": "57P01"}), LOST),
    (Told(0, ""), LOST),
    (Told(1053, "Server shutdown in progress"), LOST),
    (Told(1927, "Connection was killed"), LOST),
    (Told(2006, "Server has gone away"), LOST),
    (Told(2013, "Lost connection to MySQL server during query"), LOST),
    (Told(4031, "The client was disconnected by the server because of inactivity"), LOST),
    (Told("psycopg", sqlstate="57014"), NEITHER),
    (Told("psycopg", sqlstate="55P03"), NEITHER),
    (Told("psycopg", sqlstate="42P01"), NEITHER),
    (Told("psycopg2", pgcode=None), NEITHER),
    (Told({"C": "53100"}), NEITHER),
    (Told({"M": "without a state"}), NEITHER),
    (Told(1045, "Access denied"), NEITHER),
    (Told(1064, "You have an error in your SQL syntax"), NEITHER),
    (Told(1146, "Table doesn't exist"), NEITHER),
    (Told(1180, "Got error 6 during COMMIT"), NEITHER),
    (Told(1969, "max_statement_time exceeded"), NEITHER),
    (Told(2002, "Can't connect to local server"), NEITHER),
    (Told(3024, "maximum statement execution time exceeded"), NEITHER),
    (Told(True), NEITHER),
    (Told(), NEITHER),
]


@pytest.mark.parametrize(("cause", "kind"), CAUSES, ids=lambda value: repr(value)[:40])
def test_what_drivers_tell(cause, kind):
    """F-64"""
    error = DBAPIError("a statement", {}, cause)
    assert may_try_again(error) is (kind == AGAIN)
    assert is_lost(error) is (kind == LOST)
    assert is_conflict(error) is (kind == AGAIN)


def test_sqlalchemy_knows_a_lost_connection_by_other_signs_too():
    """psycopg says no state where the server vanished."""
    gone = DBAPIError("a statement", {}, Told("psycopg"), connection_invalidated=True)
    assert is_lost(gone)
    assert not may_try_again(gone)
    assert not is_lost(ValueError("of another kind"))
