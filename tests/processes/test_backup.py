"""Backup and restore by the commands in docs/operations.md, during writes."""

import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url, text

from portal import create_app
from portal.extensions import db, twofactor
from portal.twofactor.core.answers import Code
from portal.twofactor.core.records import Event, Subject
from portal.twofactor.service import verification
from portal.twofactor.service.operator import accounts
from tests.support import postgres

from .people import People, Person

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def revision(app: Flask) -> None:
    app.test_cli_runner().invoke(args=["db", "stamp", "head"])


def documented(word: str) -> list[str]:
    """The commands in the section on backups that contain the word."""
    section = PAGE.split("## Backup")[1].split("\n## ")[0]
    lines = re.findall(r"^\$ (.+)$", section, re.MULTILINE)
    found = [line for line in lines if word in line]
    assert found, word
    return found


@contextmanager
def writing(people: People, alice: Person) -> Iterator[None]:
    """Write pairs of events all the time; a copy must never have half a pair."""
    over, ready = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            events = [Event(alice.key, 1, "pair", detail=f"{number} {half}") for half in "ab"]
            people.kit.store.run(lambda tx, events=events: [tx.record(each) for each in events])
            ready.set()

    with people.app.app_context():
        writer = threading.Thread(target=in_context(people.app, write), daemon=True)
        writer.start()
        assert ready.wait(30)
        yield
        over.set()
        writer.join(30)


def in_context(app: Flask, work: Any) -> Any:
    def run() -> None:
        with app.app_context():
            work()

    return run


def look(app: Flask, uri: str, folder: Path, alice: Person, clock: Any) -> None:
    """Check that the restored database is complete and Alice's phone still works."""
    settings = {key: app.config[key] for key in ("SECRET_KEY", "TWOFACTOR_KEYS", "PASSWORD_COST")}
    settings |= {"INSTANCE_PATH": str(folder), "SQLALCHEMY_DATABASE_URI": uri, "CLOCK": clock}
    restored = create_app(settings)
    with restored.app_context():
        kit = restored.extensions["twofactor"].kit
        assert [check.text for check in twofactor.ready() if not check.ok] == []
        before = list(accounts.events(kit, alice.key, None))
        halves = [event.detail for event in before if event.kind == "pair"]
        assert len(halves) >= 2
        assert len(halves) % 2 == 0
        verification.challenge(kit, Subject(alice.key), Code(alice.code()), "password")
        *_, latest = accounts.events(kit, alice.key, None)
        assert latest.kind == "code_accepted"
        assert latest.id > max(event.id for event in before)
        assert db.session.execute(text("SELECT username FROM customer")).scalar_one() == "alice"
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite(app: Flask, people: People, tmp_path: Path) -> None:
    alice = people.person()
    (tmp_path / "instance").mkdir(exist_ok=True)
    there = tmp_path / "portal.sqlite"
    with writing(people, alice):
        for command in documented("VACUUM INTO"):
            words = shlex.split(command)
            words = [word.replace("instance/portal.sqlite", str(there)) for word in words]
            subprocess.run(words, cwd=tmp_path, check=True)
    copy = tmp_path / "backup.sqlite"
    assert copy.is_file()
    look(app, f"sqlite:///{copy}", tmp_path / "restored", alice, people.clock)


@pytest.mark.postgres
def test_postgresql(
    app: Flask, people: People, database: str, postgres_server: Any, tmp_path: Path
) -> None:
    alice = people.person()
    programs = postgres.binaries()
    assert programs is not None
    url = make_url(database)
    restored = postgres_server.create_database()
    names = {
        "portal": ["--username=portal", f"--host={url.query['host']}", str(url.database)],
        "restored": [
            "--username=portal",
            f"--host={url.query['host']}",
            f"--dbname={make_url(restored).database}",
        ],
    }

    def run(command: str) -> None:
        words = []
        for word in shlex.split(command):
            name = word.removeprefix("--dbname=")
            words += names.get(name, [word])
        words[0] = str(programs / words[0])
        subprocess.run(words, cwd=tmp_path, check=True)

    with writing(people, alice):
        run(documented("pg_dump")[0])
    run(documented("pg_restore")[0])
    look(app, restored, tmp_path / "restored", alice, people.clock)
    postgres_server.drop_database(restored)


@pytest.mark.mariadb
@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
def test_mariadb(
    app: Flask, people: People, database: str, mariadb_server: Any, tmp_path: Path
) -> None:
    alice = people.person()
    restored = mariadb_server.create_database()
    uris = {"portal": database, "restored": restored}
    names = {name: str(make_url(uri).database) for name, uri in uris.items()}

    def run(command: str) -> None:
        program, *words = [names.get(word, word) for word in shlex.split(command)]
        there = ["--no-defaults", f"--socket={mariadb_server.socket}", "--user=root"]
        source = None
        if "<" in words:
            *words, _, name = words
            source = (tmp_path / name).read_bytes()
        subprocess.run([program, *there, *words], cwd=tmp_path, check=True, input=source)

    with writing(people, alice):
        run(documented("mariadb-dump")[0])
    run(documented("mariadb restored")[0])
    look(app, restored, tmp_path / "restored", alice, people.clock)
    mariadb_server.drop_database(restored)
