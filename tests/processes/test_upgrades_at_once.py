"""Upgrades of the tables that are begun at the same moment, as on several hosts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.support import pgbouncer, postgres
from tests.support.databases import both

pytestmark = pytest.mark.slow

AT_ONCE = 3


def upgrade_at_once(uri: str, folder: Path, *command: str) -> None:
    """Run a command in several processes at the same time; none may fail."""
    environment = os.environ | {
        "PORTAL_SQLALCHEMY_DATABASE_URI": uri,
        "PORTAL_INSTANCE_PATH": str(folder / "instance"),
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(AT_ONCE)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * AT_ONCE, outputs
    assert "Traceback" not in "".join(outputs)
    engine = create_engine(uri)
    with engine.connect() as connection:
        assert inspect(connection).has_table("twofactor_ticket")
        if command[0] == "db":
            versions = connection.execute(text("SELECT version_num FROM alembic_version")).all()
            assert len(versions) == 1
    engine.dispose()


@both
def test_each_waits_for_the_other(database: str, tmp_path: Path):
    """F-119"""
    upgrade_at_once(database, tmp_path, "db", "upgrade")


@pytest.fixture
def pooled(postgres_server: postgres.Server) -> Iterator[str]:
    """The address of an empty database by way of PgBouncer."""
    uri = postgres_server.create_database()
    pooler = pgbouncer.start(postgres_server)
    yield pooler.through(uri)
    pooler.stop()
    postgres_server.drop_database(uri)


@pytest.mark.postgres
def test_each_waits_for_the_other_behind_a_pooler(pooled: str, tmp_path: Path):
    """F-119: the lock is the transaction's."""
    upgrade_at_once(pooled, tmp_path, "db", "upgrade")
