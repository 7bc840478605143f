"""Measure the import of many users into the portal: seconds, memory, and a run killed half-way.

`python -m tools.import_trial --users 100000` makes customers in an SQLite file and on a PostgreSQL
server of its own, imports a file of their second factors by the command line, in processes that it
measures, and prints a table for docs/operations.md.
"""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from tests.support import postgres

FILL = "INSERT INTO customer ({columns}) VALUES ({values})"
AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the import.

    Args:
        seconds: its duration, the start of the application included.
        processor: seconds of processor time, of the import's process alone.
        megabytes: the largest resident set of the process.
        imported, already: numbers of users, as the command says; -1 if it was killed.
    """

    seconds: float
    processor: float
    megabytes: float
    imported: int
    already: int


class Trial:
    """The import of a number of users into one database."""

    def __init__(self, uri: str, folder: Path, users: int) -> None:
        self.engine, self.users, self.folder = create_engine(uri), users, folder
        self.environment = {
            **os.environ,
            "PORTAL_SQLALCHEMY_DATABASE_URI": uri,
            "PORTAL_INSTANCE_PATH": str(folder),
            "PORTAL_SECRET_KEY": secrets.token_hex(32),
        }
        self._flask("db", "upgrade")
        _fill(self.engine, users)
        self.file = folder / "export.jsonl"
        with self.file.open("w", encoding="utf-8") as file:
            for number in range(users):
                line = {"user": f"user{number}", "secret": secrets.token_hex(20), "last_step": 5}
                file.write(json.dumps(line) + "\n")

    def _words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "flask", "--app", "wsgi", *words]

    def _flask(self, *words: str) -> None:
        subprocess.run(self._words(*words), env=self.environment, check=True, capture_output=True)

    def on(self) -> int:
        """Return the number of users with two-factor authentication."""
        with self.engine.connect() as connection:
            return int(
                connection.execute(text("SELECT COUNT(*) FROM twofactor_account")).scalar_one()
            )

    def run(self, kill_at: int | None = None) -> Run:
        """Run the import; kill it once so many users are imported."""
        begun = time.monotonic()
        command = self._words("twofactor", "import", str(self.file), "--json")
        process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        while kill_at is not None and self.on() < kill_at:
            time.sleep(0.02)
        if kill_at is not None:
            process.send_signal(signal.SIGKILL)
        output = b""
        if process.stdout is not None:
            with process.stdout:
                output = process.stdout.read()
        _pid, _status, used = os.wait4(process.pid, 0)
        process.returncode = 0
        seconds, megabytes = time.monotonic() - begun, used.ru_maxrss / 1024
        processor = used.ru_utime + used.ru_stime
        if kill_at is not None:
            return Run(seconds, processor, megabytes, -1, -1)
        found = json.loads(output)
        return Run(seconds, processor, megabytes, found["imported"], found["already"])


def _fill(engine: Engine, users: int) -> None:
    columns = {
        "username": ":name",
        "username_key": ":name",
        "email": ":email",
        "email_key": ":email",
        "password_hash": "'x'",
        "full_name": ":name",
        **dict.fromkeys(("company", "phone", "address"), "''"),
        "created_at": "0",
    }
    statement = text(FILL.format(columns=", ".join(columns), values=", ".join(columns.values())))
    with engine.begin() as connection:
        for first in range(0, users, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, users))
            rows = [{"name": f"user{n}", "email": f"user{n}@example.org"} for n in numbers]
            connection.execute(statement, rows)


def _rows(kind: str, uri: str, users: int, *, kill: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        trial = Trial(uri.format(folder=name), Path(name), users)
        if kill:
            killed = trial.run(kill_at=users // 2)
            there = trial.on()
            print(
                f"| {kind} | {users} | killed at {there} | {killed.seconds:.1f} s | | |", flush=True
            )
        done = trial.run()
        told = f"{done.imported} imported, {done.already} on already"
        print(
            f"| {kind} | {users} | {told} | {done.seconds:.1f} s | {done.processor:.1f} s"
            f" | {done.megabytes:.0f} MB |",
            flush=True,
        )
        if trial.on() != users:
            raise SystemExit(f"{trial.on()} of {users} are on")
        trial.engine.dispose()


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    users = parser.parse_args().users
    print("| database | users | result | duration | processor | peak memory |")
    print("| --- | --: | --- | --: | --: | --: |")
    server = postgres.start()
    try:
        for count, kill in ((users // 10, False), (users, True), (users, False)):
            _rows("SQLite", "sqlite:///{folder}/portal.sqlite", count, kill=kill)
            uri = server.create_database()
            _rows("PostgreSQL", uri.replace("%", "%%"), count, kill=kill)
            server.drop_database(uri)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
