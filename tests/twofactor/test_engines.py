"""Differences between database engines (F-63, F-72)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import MetaData, create_engine, inspect, text
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from portal.twofactor import migrations
from portal.twofactor.core.errors import SetupError
from portal.twofactor.core.records import Account, Authenticator
from portal.twofactor.storage.host_session import read_anew
from portal.twofactor.storage.statements import prepare
from portal.twofactor.storage.tables import define_tables
from tests.support.databases import both

pytestmark = pytest.mark.thorough

ALIKE = ("Ada", "ada", "ada ", "äda")


@both
def test_users_whose_keys_look_alike_are_four(host):
    """F-72: one of them switches off, the others keep their second factor."""
    state = host.extensions["twofactor"]
    with host.app_context():
        store = state.kit.store
        for number, key in enumerate(ALIKE):
            made = Authenticator(
                f"a{number}", key, "totp", "App \N{MOBILE PHONE}", b"\x01", 0, 1, None
            )
            store.run(lambda tx, key=key: tx.add_account(Account(key, frozenset({"note"}), 1)))
            store.run(lambda tx, made=made: tx.add_authenticator(made))
        assert {key: store.account(key).user_id for key in ALIKE} == {key: key for key in ALIKE}
        assert store.run(lambda tx: tx.remove_account("ada"))
        assert [store.account(key) is not None for key in ALIKE] == [True, False, True, True]
        assert store.account("ada ").authenticators[0].name == "App \N{MOBILE PHONE}"


@pytest.mark.mariadb
def test_a_row_that_is_read_anew_is_not_locked(host, alice):
    """F-63: a change of it on another connection would wait for the same request."""
    with host.app_context():
        change = "UPDATE host_user SET username = :name"
        row = host.db.session.get(host.User, alice.id)
        with host.db.engine.connect() as other:
            other.execute(text("SET SESSION innodb_lock_wait_timeout = 1"))
            for name in ("newer", "newest"):
                other.execute(text(change), {"name": name})
                other.commit()
                read_anew(row)
                assert row.username == name
        assert not host.db.session.dirty


class TestOtherCollations:
    """F-63, F-72: tables from a revision that Alembic has generated."""

    @pytest.fixture
    def old(self, mariadb_server, request) -> Iterator[Any]:
        uri = mariadb_server.create_database(request.param)
        engine = create_engine(uri)
        metadata = MetaData()
        tables = define_tables(metadata)
        with engine.begin() as connection:
            for table in tables.all:
                made = str(CreateTable(table).compile(dialect=engine.dialect))
                connection.execute(text(re.sub(r" CHARACTER SET \w+ COLLATE \w+", "", made)))
                for index in table.indexes:
                    index.create(connection)
            connection.execute(
                text(
                    "INSERT INTO twofactor_account (user_id, areas, activated_at,"
                    " recovery_hash) VALUES ('Ada', 'note', 1, 'x')"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO twofactor_authenticator (id, user_id, kind, name,"
                    " sealed, last_step, created_at) VALUES ('a', 'Ada', 'totp', 'Häs', 'x', 1, 1)"
                )
            )
        yield engine
        engine.dispose()
        mariadb_server.drop_database(uri)

    @pytest.mark.mariadb
    @pytest.mark.parametrize(
        "old",
        ["", "CHARACTER SET latin1", "CHARACTER SET utf8mb3", "CHARACTER SET utf8mb4"],
        indirect=True,
    )
    def test_they_are_mended_with_their_rows(self, old):
        names = ("account", "authenticator", "event", "ticket")

        def rows(connection):
            return [
                connection.execute(text(f"SELECT * FROM twofactor_{name}")).all() for name in names
            ]

        with old.begin() as connection:
            before = rows(connection)
            migrations.exact_texts(Operations(MigrationContext.configure(connection)))
            assert rows(connection) == before
            keys = inspect(connection).get_foreign_keys("twofactor_authenticator")
            assert [key["referred_table"] for key in keys] == ["twofactor_account"]
            connection.execute(text("UPDATE twofactor_authenticator SET name = '\N{KEY}'"))
            for key in ALIKE[1:]:
                connection.execute(
                    text(
                        "INSERT INTO twofactor_account (user_id, areas, activated_at)"
                        " VALUES (:key, '', 1)"
                    ),
                    {"key": key},
                )
            assert connection.exec_driver_sql("SELECT @@foreign_key_checks").scalar() == 1
        with old.connect() as connection, pytest.raises(IntegrityError):
            connection.execute(text("DELETE FROM twofactor_account WHERE user_id = 'Ada'"))

    @pytest.mark.mariadb
    def test_the_first_request_and_the_doctor_say_so(self, host):
        from portal.twofactor.app.checks.startup import check_tables
        from portal.twofactor.service.operator.doctor import examine

        state = host.extensions["twofactor"]
        with host.app_context():
            check_tables(host)
            with host.db.engine.begin() as connection:
                connection.execute(
                    text(
                        "ALTER TABLE twofactor_ticket MODIFY digest VARCHAR(64) CHARACTER SET"
                        " utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"
                    )
                )
            with pytest.raises(SetupError, match="for the same user: twofactor_ticket"):
                check_tables(host)
            [tables] = [
                each
                for each in examine(state.kit, host.config, None, {}, "")
                if each.name == "tables"
            ]
            assert not tables.ok
            state.kit.store.upgrade()
            check_tables(host)


class TestMySQL:
    """The statements for MySQL 8, of which no server runs here."""

    dialect: Any = mysql.dialect()

    def test_texts_have_its_collation_and_its_defaults(self):
        for table in define_tables(MetaData()).all:
            made = str(CreateTable(table).compile(dialect=self.dialect))
            kinds = re.findall(r"\b(?:VARCHAR\(\d+\)|TEXT)(.*)", made)
            assert all(" CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin" in kind for kind in kinds)
            assert not re.search(r"TEXT.*DEFAULT '", made)

    def test_statements_use_neither_engines_extras(self):
        statements = prepare(define_tables(MetaData()))
        elsewhere = {"take_ticket", "take_challenge"}  # `ticket_changes` asks MySQL otherwise
        for name in statements.__slots__:
            if name in elsewhere:
                continue
            sent = str(getattr(statements, name).compile(dialect=self.dialect))
            assert "RETURNING" not in sent
            within = re.sub(r"\(SELECT[^()]*\) AS listed", "", sent)
            assert not re.search(r"IN \(SELECT[^()]*LIMIT", within), name
