"""Migrations of the tables in a host, on both databases and with data."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData, create_engine, text

from portal.twofactor import migrations
from portal.twofactor.engines.texts import inexact
from portal.twofactor.storage.tables import define_tables
from tests.support.databases import both, engine_of

CONVENTION = {"pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s"}

# The content of a database of each version: one row a table, as that release wrote it.
ROWS = {
    1: """
        INSERT INTO twofactor_account (user_id, areas, activated_at, recovery_hash, failures,
          failures_recent) VALUES ('7', 'password sign_in', 1800000000, '$2b$12$x', 3, '1,2,3');
        INSERT INTO twofactor_authenticator (id, user_id, kind, name, sealed, last_step, created_at)
          VALUES ('a1', '7', 'totp', 'Phone', '\x01', 60000000, 1800000000);
        INSERT INTO twofactor_event (id, user_id, at, kind, area) VALUES (1, '7', 1800000000,
          'code_accepted', 'password');
        INSERT INTO twofactor_ticket (digest, user_id, kind, expires_at) VALUES ('d1', '7', 'pass',
          1800000900);
    """,
}
ROWS[2] = (
    ROWS[1]
    + "UPDATE twofactor_account SET known_failures = 2, known_cleared = 1, known_recent = '4,5';"
    + "UPDATE twofactor_authenticator SET known_at_use = 1;"
)
PASSKEY = """
    INSERT INTO twofactor_authenticator (id, user_id, kind, name, sealed, last_step, created_at,
      credential, flags) VALUES ('a2', '7', 'passkey', 'Key', '\x02', 0, 1800000000, 'c2', 28);
"""
ROWS[3] = ROWS[2] + PASSKEY
ROWS[4] = (
    ROWS[3]
    + "UPDATE twofactor_account SET checked_at = 1800000100, check_ups_ended_at = 1800000200;"
)


@pytest.fixture
def connection(database: str) -> Any:
    engine = create_engine(database)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def operations(connection: Connection, metadata: MetaData | None = None) -> Operations:
    # As hosts do that have `alembic check` compare defaults, too (F-94).
    options = {"target_metadata": metadata, "compare_server_default": True}
    return Operations(MigrationContext.configure(connection, opts=options))


def everything(connection: Connection) -> dict[str, list[Any]]:
    names = ("account", "authenticator", "event", "ticket")
    return {
        name: [
            dict(row)
            for row in connection.execute(text(f"SELECT * FROM twofactor_{name}")).mappings()
        ]
        for name in names
    }


@both
@pytest.mark.parametrize("convention", [{}, CONVENTION], ids=["unnamed", "named"])
def test_the_steps_make_what_the_tables_say(connection, convention):
    metadata = MetaData(naming_convention=convention)
    define_tables(metadata)
    op = operations(connection, metadata)
    migrations.upgrade(op, 0, migrations.LATEST)
    assert compare_metadata(op.get_context(), metadata) == []
    assert migrations.version_of(connection) == migrations.LATEST


@both
def test_they_make_what_create_all_makes(connection):
    """F-63, F-94"""
    define_tables(metadata := MetaData())
    metadata.create_all(connection)
    assert migrations.version_of(connection) == migrations.LATEST
    assert compare_metadata(operations(connection, metadata).get_context(), metadata) == []


@both
@pytest.mark.parametrize("since", range(1, migrations.LATEST + 1))
def test_every_earlier_version_keeps_its_data(connection, since):
    """F-63"""
    migrations.upgrade(operations(connection), 0, since)
    assert migrations.version_of(connection) == since
    for statement in ROWS[since].split(";")[:-1]:
        connection.execute(text(statement))
    before = everything(connection)
    migrations.upgrade(operations(connection), since, migrations.LATEST)
    for table, rows in everything(connection).items():
        assert [row | old for row, old in zip(rows, before[table], strict=True)] == rows
    define_tables(metadata := MetaData())
    assert compare_metadata(operations(connection, metadata).get_context(), metadata) == []


@both
def test_the_way_back_ends_at_nothing(connection):
    """F-63"""
    assert migrations.version_of(connection) == 0
    migrations.upgrade(operations(connection), 0, migrations.LATEST)
    migrations.downgrade(operations(connection), migrations.LATEST, 0)
    assert migrations.version_of(connection) == 0
    migrations.upgrade(operations(connection), 0, migrations.LATEST)


@both
def test_the_way_back_refuses_to_lose_passkeys(connection):
    """W-52: without its columns a passkey would be worth nothing."""
    op = operations(connection)
    migrations.upgrade(op, 0, 3)
    for statement in ROWS[3].split(";")[:-1]:
        connection.execute(text(statement))
    with pytest.raises(ValueError, match="there are 1 passkeys"):
        migrations.downgrade(op, 3, 2)
    assert migrations.version_of(connection) == 3
    connection.execute(text("DELETE FROM twofactor_authenticator WHERE kind = 'passkey'"))
    before = everything(connection)
    migrations.downgrade(op, 3, 2)
    assert migrations.version_of(connection) == 2
    migrations.upgrade(op, 2, 3)
    assert everything(connection) == before


@both
def test_the_way_back_from_check_ups_keeps_the_rest(connection):
    op = operations(connection)
    migrations.upgrade(op, 0, 3)
    for statement in ROWS[3].split(";")[:-1]:
        connection.execute(text(statement))
    before = everything(connection)
    migrations.upgrade(op, 3, 4)
    connection.execute(text("UPDATE twofactor_account SET checked_at = 5"))
    migrations.downgrade(op, 4, 3)
    assert migrations.version_of(connection) == 3
    assert everything(connection) == before


@both
@pytest.mark.parametrize("version", range(1, migrations.LATEST))
def test_each_way_back_and_up_again_keeps_the_rows(connection, version):
    """F-63"""
    op = operations(connection)
    migrations.upgrade(op, 0, version)
    for statement in ROWS[version].split(";")[:-1]:
        connection.execute(text(statement))
    before = everything(connection)
    migrations.upgrade(op, version, migrations.LATEST)
    latest = everything(connection)
    for to in reversed(range(version, migrations.LATEST)):
        migrations.downgrade(op, to + 1, to)
        assert migrations.version_of(connection) == to
    assert everything(connection) == before
    migrations.upgrade(op, version, migrations.LATEST)
    assert everything(connection) == latest


@pytest.mark.mariadb
@pytest.mark.parametrize("driver", ["pymysql", "mysqldb"])
def test_keys_that_look_alike_stay_apart_all_the_way(mariadb_server, driver):
    """F-63, F-72: in a database whose own collation takes them for the same."""
    alike = ("Ada", "ada", "ada ")
    uri = mariadb_server.create_database("CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    with engine_of(uri, driver) as engine, engine.connect() as connection:
        op = operations(connection)
        migrations.upgrade(op, 0, 1)
        for statement in (
            "INSERT INTO twofactor_account (user_id, areas, activated_at) VALUES (:key, '', 1)",
            (
                "INSERT INTO twofactor_authenticator (id, user_id, kind, name, sealed, last_step,"
                " created_at) VALUES (:key, :key, 'totp', '\N{KEY}', 'x', 0, 1)"
            ),
            "INSERT INTO twofactor_event (user_id, at, kind) VALUES (:key, 1, 'activated')",
            (
                "INSERT INTO twofactor_ticket (digest, user_id, kind, expires_at)"
                " VALUES (:key, :key, 'pass', 1)"
            ),
        ):
            connection.execute(text(statement), [{"key": key} for key in alike])

        def are_three() -> None:
            for table in ("account", "authenticator", "event", "ticket"):
                statement = text(f"SELECT user_id FROM twofactor_{table} WHERE user_id = :key")
                found = [connection.scalars(statement, {"key": key}).all() for key in alike]
                assert found == [[key] for key in alike], table

        are_three()
        ways = [*range(1, migrations.LATEST)]
        for since in ways:
            migrations.upgrade(op, since, since + 1)
            are_three()
        for to in reversed(ways):
            migrations.downgrade(op, to + 1, to)
            are_three()
        migrations.upgrade(op, 1, migrations.LATEST)
        are_three()
        assert inexact(connection, define_tables(MetaData()).all) == []
        connection.commit()
    mariadb_server.drop_database(uri)


@pytest.mark.parametrize(("since", "to"), [(1, 0), (-1, 1), (0, migrations.LATEST + 1)])
def test_a_version_that_is_not_there_is_refused(connection, since, to):
    with pytest.raises(ValueError, match="there is no way"):
        migrations.upgrade(operations(connection), since, to)
    with pytest.raises(ValueError, match="there is no way"):
        migrations.downgrade(operations(connection), to, since)


def test_the_statements_can_be_printed_instead(capsys):
    """`flask db upgrade --sql` runs no query."""
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})
    migrations.upgrade(Operations(context), 0, migrations.LATEST)
    assert "CREATE TABLE twofactor_account" in capsys.readouterr().out


@pytest.mark.postgres
def test_the_tables_may_be_in_a_schema(connection):
    connection.execute(text("CREATE SCHEMA safe"))
    metadata = MetaData(schema="safe")
    define_tables(metadata)
    op = operations(connection, metadata)
    migrations.upgrade(op, 0, migrations.LATEST, schema="safe")
    assert migrations.version_of(connection) == 0
    assert migrations.version_of(connection, "safe") == migrations.LATEST
    op.get_context().opts["include_schemas"] = True
    assert compare_metadata(op.get_context(), metadata) == []
    migrations.downgrade(op, migrations.LATEST, 0, schema="safe")
    assert migrations.version_of(connection, "safe") == 0
