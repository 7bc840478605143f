"""A portal on a database with many accounts, and the requests that are sent to it."""

import base64
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event

from portal import create_app
from portal.extensions import db, twofactor
from portal.models import Customer, Role
from portal.rules.passwords import hash_password
from portal.security.database import patient_engine
from portal.twofactor.testing import Clock, Phone, TwoFactorTesting
from tests.support.enrol import TWOFACTOR, sign_in
from tests.support.forms import find_form, submit
from tests.support.servers import Server

from .engines import TABLES, Engine
from .expected import expect, say
from .help_desk import Agent
from .loading import EVENTS_EACH, load

ROUNDS = 40
PASSWORD = "plum-coffee-lantern-42"  # noqa: S105 - of made-up customers
# Runs a command and prints seconds and kilobytes. A small process starts it: the kernel counts the
# memory of the process that starts another one for that one, too.
_MEASURED = """import resource, subprocess, sys, time
begun = time.monotonic()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""
FLASK = (sys.executable, "-m", "flask", "--app", "wsgi")


def environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment of a process of the portal with these settings."""
    return {**os.environ, **{f"PORTAL_{name}": str(value) for name, value in settings.items()}}


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

    def __init__(self, engine: Engine, server: Server, accounts: int) -> None:
        self.engine, self.server = engine, server
        self.accounts, self.clock = accounts, Clock(time.time())
        self.folder = tempfile.TemporaryDirectory()
        self.settings: dict[str, Any] = {
            "INSTANCE_PATH": self.folder.name,
            "SQLALCHEMY_DATABASE_URI": server.create_database(),
            "SECRET_KEY": "only for measuring " * 3,
            "TWOFACTOR_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
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
        """Insert the accounts, and have the server tidy up."""
        with self.app.app_context():
            seconds = load(self.engine, self.accounts, int(self.clock()))
            kept = patient_engine().execution_options(isolation_level="AUTOCOMMIT")
            with kept.connect() as connection:
                self.engine.settle(self.server, connection)
        say(f"{self.engine.name}: {self.accounts:,} accounts loaded in {seconds:.0f} s")

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

    def person(self, number: int, role: Role = "customer") -> tuple[FlaskClient, Phone]:
        """Sign in the customer with a number, with every area on."""
        with self.app.app_context():
            customer = db.session.get_one(Customer, number)
            customer.password_hash = hash_password(PASSWORD, 4)
            customer.role = role
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
        client, phone = self.person(self.accounts // 2)
        with self.app.app_context():
            twofactor.operator.keep_figures()
        agent = Agent(self.measured, *self.person(self.accounts // 2 + 1, "staff"))
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
            agent.look(self.accounts // 3 + number)
            yield

    def plans(self) -> dict[str, list[str]]:
        """Return the access paths of all recorded statements, by table."""
        found: dict[str, set[str]] = {}
        with self.app.app_context(), db.engine.connect() as connection:
            for cost in self.costs.values():
                for statement, values in cost.texts.items():
                    if not statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
                        continue
                    rows = connection.exec_driver_sql("EXPLAIN " + statement, values).mappings()
                    for named in filter(None, map(self.engine.path, map(dict, rows))):
                        found.setdefault(named[0], set()).add(named[1])
                connection.rollback()
        return {table: sorted(paths) for table, paths in sorted(found.items())}

    def command(self, *arguments: str) -> tuple[float, int]:
        """Run a command in a new process, without its output; return seconds and megabytes."""
        program = [sys.executable, "-c", _MEASURED, *FLASK, "twofactor", *arguments]
        told = subprocess.run(
            program, check=False, env=environment(self.settings), stdout=subprocess.PIPE
        )
        if told.returncode:
            raise SystemExit(f"{arguments}: status {told.returncode}")
        seconds, kilobytes = told.stdout.split()
        return float(seconds), int(kilobytes) // 1024

    def sizes(self) -> dict[str, float]:
        """Return the bytes per row of each table, including indexes."""
        rows = {"event": self.accounts * EVENTS_EACH}
        with self.app.app_context(), db.engine.connect() as connection:
            return {
                name: self.engine.size(connection, f"twofactor_{name}")
                / rows.get(name, self.accounts)
                for name in TABLES
            }

    def close(self) -> None:
        """Close the connections and delete the folder."""
        with self.app.app_context():
            db.engine.dispose()
        self.folder.cleanup()
