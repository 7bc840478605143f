"""Measure requests with many accounts on PostgreSQL: statements, milliseconds and plans.

Run with `make scale`; `ARGS="--accounts 10000"` loads fewer accounts. The tool starts its own
server, fills one database with 1,000 accounts and one with many, sends the same requests to both
and prints tables for docs/operations.md. It fails if a plan scans a whole table of the blueprint.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event, text

from portal import create_app
from portal.extensions import db, twofactor
from portal.models import Customer
from portal.rules.passwords import hash_password
from portal.twofactor.testing import Clock, Phone, TwoFactorTesting
from tests.support import postgres
from tests.support.enrol import TWOFACTOR, sign_in
from tests.support.forms import find_form, submit

FEW = 1_000
EVENTS_EACH = 10
ROUNDS = 40
PASSWORD = "plum-coffee-lantern-42"  # noqa: S105 - of made-up customers
YEAR = 400 * 86_400

LOAD = (
    """INSERT INTO customer (id, username, username_key, email, email_key, password_hash, full_name,
       company, phone, address, created_at)
       SELECT n, 'user' || n, 'user' || n, 'user' || n || '@example.org',
              'user' || n || '@example.org', repeat('x', 60), '', '', '', '', :now
       FROM generate_series(1, :accounts) n""",
    """INSERT INTO twofactor_account (user_id, areas, activated_at, recovery_hash, failures,
       failures_recent)
       SELECT n::text, CASE WHEN n % 3 = 0 THEN 'password sign_in'
                       ELSE 'close_account email invoices password sign_in' END,
              :now - n % :year, repeat('x', 60), n % 20,
              CASE WHEN n % 100 = 0 THEN (:now - 60)::bigint::text ELSE '' END
       FROM generate_series(1, :accounts) n""",
    """INSERT INTO twofactor_authenticator (id, user_id, kind, name, sealed, last_step, created_at,
       last_used_at)
       SELECT md5(n::text), n::text, 'totp', 'Authenticator app', :sealed, 1, :now, :now
       FROM generate_series(1, :accounts) n""",
    """INSERT INTO twofactor_event (user_id, at, kind, area, address, detail)
       SELECT (1 + (n * 7919) % :accounts)::text, :now - :year + n * :year / :events,
              CASE WHEN n % 10 = 0 THEN 'activated' WHEN n % 10 = 1 THEN 'code_wrong'
              ELSE 'code_accepted' END, 'sign_in', '192.0.2.1', NULL
       FROM generate_series(1::bigint, :events) n""",
    """INSERT INTO twofactor_ticket (digest, user_id, kind, area, expires_at)
       SELECT md5(n::text) || md5((n + 1)::text), (1 + n % :accounts)::text, 'view', 'invoices',
              :now + n % 900
       FROM generate_series(1, :accounts / 20) n""",
    "SELECT setval('customer_id_seq', :accounts)",
)


@dataclass
class Cost:
    """The time and the statements of one kind of request."""

    milliseconds: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    texts: dict[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The medians of statements and milliseconds, as text for the table."""
        milliseconds = statistics.median(self.milliseconds)
        return f"{statistics.median_high(self.statements)} / {milliseconds:.1f}"


class Database:
    """A portal on a database with `accounts` accounts."""

    def __init__(self, uri: str, accounts: int) -> None:
        self.accounts, self.clock = accounts, Clock()
        self.folder = tempfile.TemporaryDirectory()
        self.settings: dict[str, Any] = {
            "INSTANCE_PATH": self.folder.name,
            "SQLALCHEMY_DATABASE_URI": uri,
            "SECRET_KEY": "only for measuring " * 3,
            "PASSWORD_COST": 4,
            "ADDRESS_FAILURES": 0,
            "EMAIL_LINKS": 0,
            "DATABASE_TIMEOUT_SECONDS": 60,
            "SESSION_IDLE_SECONDS": 86_400,
            "SESSION_ABSOLUTE_SECONDS": 30 * 86_400,
            "LOG_LEVEL": "error",
        }
        self.app = create_app({**self.settings, "CLOCK": self.clock})
        self.costs: dict[str, Cost] = {}
        self._seen: list[tuple[str, Any]] = []
        with self.app.app_context():
            upgrade()
            event.listen(db.engine, "before_cursor_execute", self._note)
        self.load()

    def _note(self, _connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        self._seen.append((statement, values))

    def load(self) -> None:
        """Insert the accounts with statements that the server generates rows from."""
        values = {
            "now": int(self.clock()),
            "year": YEAR,
            "accounts": self.accounts,
            "events": self.accounts * EVENTS_EACH,
            "sealed": bytes(53),
        }
        begun = time.monotonic()
        with self.app.app_context():
            for statement in LOAD:
                with db.engine.begin() as connection:
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                    connection.execute(text(statement), values)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("SET statement_timeout = 0")
                connection.exec_driver_sql("VACUUM ANALYZE")
        say(f"{self.accounts:,} accounts loaded in {time.monotonic() - begun:.0f} s")

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Record the time and the statements of a request."""
        cost = self.costs.setdefault(name, Cost())
        self._seen.clear()
        begun = time.perf_counter()
        yield
        cost.milliseconds.append(1000 * (time.perf_counter() - begun))
        cost.statements.append(len(self._seen))
        cost.texts.update(self._seen)

    def person(self) -> tuple[FlaskClient, Phone]:
        """Sign in a customer from the middle of the table with every area on."""
        with self.app.app_context():
            key = str(self.accounts // 2)
            customer = db.session.get_one(Customer, int(key))
            customer.password_hash = hash_password(PASSWORD, 4)
            name = customer.username
            db.session.commit()
            twofactor.forget(customer)
            phone = TwoFactorTesting(self.app, self.clock).enrol(customer)
        client = self.app.test_client()
        sign_in(client, name, PASSWORD)
        expect(submit(client, f"{TWOFACTOR}/sign-in", {"code": phone.code()}), 303)
        return client, phone

    def rounds(self) -> Iterator[None]:
        """Send the requests of the tables repeatedly; yield after each round."""
        client, phone = self.person()
        change = f"{TWOFACTOR}/recovery"
        token = find_form(client.get(change).text, "code").filled({})["csrf_token"]
        deed = {"csrf_token": token, "current_password": PASSWORD, "email": "new@example.org"}
        self.clock.advance(300)  # the activation has opened the "view" areas
        for number in range(-5, ROUNDS):
            if number == 0:
                self.costs.clear()  # the first rounds fill the caches
            self.clock.advance(30)
            sent = {**deed, "email": f"n{number}@example.org"}
            with self.measured("guarded action, no code"):
                asked = client.post("/security/email", data=sent)
            expect(asked, 403)
            carried = find_form(asked.text, "twofactor_pending").filled({})
            with self.measured("guarded view, no code"):
                asked = client.get("/invoices/")
            expect(asked, 403)
            with self.measured("action with a right code"):
                done = client.post(
                    "/security/email",
                    data={**carried, "twofactor_code": phone.code()},
                )
            expect(done, 303)
            self.clock.advance(86_400 / 9)  # less than ten wrong codes a day
            asked = client.post("/security/email", data=deed)
            carried = find_form(asked.text, "twofactor_pending").filled({})
            with self.measured("action with a wrong code"):
                asked = client.post(
                    "/security/email", data={**carried, "twofactor_code": phone.wrong_code()}
                )
            expect(asked, 403)
            with self.measured("preferences page"):
                shown = client.get(f"{TWOFACTOR}/")
            expect(shown, 200)
            yield

    def plans(self) -> dict[str, list[str]]:
        """Return the access paths of all recorded statements, by table."""
        found: dict[str, set[str]] = {}
        with self.app.app_context(), db.engine.connect() as connection:
            for cost in self.costs.values():
                for statement, values in cost.texts.items():
                    if not statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
                        continue
                    rows = connection.exec_driver_sql("EXPLAIN " + statement, values).scalars()
                    for line in map(str.strip, rows):
                        path = line.removeprefix("->").strip().split("  (")[0]
                        if " on twofactor_" in path and "Scan" in path:
                            table = path.split(" on ")[1].split()[0]
                            found.setdefault(table, set()).add(path.split(" on ")[0])
                connection.rollback()
        return {table: sorted(paths) for table, paths in sorted(found.items())}

    def command(self, *arguments: str) -> tuple[float, int]:
        """Run a command in a new process, without its output; return seconds and megabytes."""
        begun = time.monotonic()
        environment = {f"PORTAL_{name}": str(value) for name, value in self.settings.items()}
        program = [sys.executable, "-m", "flask", "--app", "wsgi", "twofactor", *arguments]
        process = subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{arguments}: status {process.returncode}")
        return time.monotonic() - begun, usage.ru_maxrss // 1024

    def sizes(self) -> dict[str, float]:
        """Return the bytes per row of each table, including indexes."""
        with self.app.app_context(), db.engine.connect() as connection:
            return {
                name: connection.execute(
                    text("SELECT pg_total_relation_size(:name)"), {"name": f"twofactor_{name}"}
                ).scalar_one()
                / rows
                for name, rows in (
                    ("account", self.accounts),
                    ("authenticator", self.accounts),
                    ("event", self.accounts * EVENTS_EACH),
                )
            }

    def close(self) -> None:
        """Close the connections and delete the folder."""
        with self.app.app_context():
            db.engine.dispose()
        self.folder.cleanup()


def expect(response: Any, status: int) -> None:
    """Exit if the response has another status, since the figures would be meaningless."""
    if response.status_code != status:
        raise SystemExit(f"{response.request.path}: {response.status_code} {response.text[:2000]}")


def say(line: str) -> None:
    """Print progress to standard error; standard output is only for the tables."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Load the databases, measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--commands", action="store_true", help="listings and figures, too")
    options = parser.parse_args()
    server = postgres.start()
    try:
        few = Database(server.create_database(), FEW)
        many = Database(server.create_database(), options.accounts)
        server.be_durable()
        # Alternate, so that other load on the machine affects both equally.
        for _round in zip(few.rounds(), many.rounds(), strict=True):
            pass
        table(few, many)
        if options.commands:
            commands(few, many)
        few.close()
        many.close()
    finally:
        server.stop()


def table(few: Database, many: Database) -> None:
    """Print the cost of requests, the plans and the size of rows."""
    print(f"| request | {few.accounts:,} accounts | {many.accounts:,} accounts |")
    print("| --- | --- | --- |")
    for name, cost in few.costs.items():
        print(f"| {name} | {cost.shown} | {many.costs[name].shown} |")
    plans = many.plans()
    print("\n| table | read by |")
    print("| --- | --- |")
    for name, paths in plans.items():
        print(f"| `{name}` | {', '.join(paths)} |")
    print("\n| table | bytes a row |")
    print("| --- | --- |")
    for name, size in many.sizes().items():
        print(f"| `twofactor_{name}` | {size:.0f} |")
    wrong = [path for paths in plans.values() for path in paths if path.startswith("Seq Scan")]
    if wrong:
        raise SystemExit(f"a whole table is read: {plans}")


def commands(few: Database, many: Database) -> None:
    """Print seconds and memory of the commands that read all accounts."""
    print("\n| command | s, MB with few | s, MB with many |")
    print("| --- | --- | --- |")
    for arguments in (
        ["list", "--held", "--json"],
        ["list", "--json"],
        ["list", "--off", "--json"],
        ["stats", "--json"],
        ["events", "--since", "1d", "--json"],
    ):
        figures = [database.command(*arguments) for database in (few, many)]
        shown = " | ".join(f"{seconds:.1f} s, {peak} MB" for seconds, peak in figures)
        print(f"| `{' '.join(arguments)}` | {shown} |", flush=True)


if __name__ == "__main__":
    main()
