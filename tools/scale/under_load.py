"""Visits of many customers through gunicorn: how many there can be, and beside upkeep."""

import base64
import secrets
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

from portal.extensions import db, twofactor
from portal.models import Customer
from portal.rules.passwords import hash_password
from portal.twofactor.methods.totp import PERIOD
from portal.twofactor.testing import Phone, TwoFactorTesting
from tests.support.enrol import TWOFACTOR
from tests.support.forms import find_form
from tests.support.gunicorn import Gunicorn
from tests.support.https import Https

from .expected import expect, say
from .portal_database import FLASK, PASSWORD, Database, environment

WORKERS, THREADS = 2, 4
PEOPLE = 400
CLIENTS = 8
# Share of the possible visits at which upkeep is looked at: a busy hour, not a full one.
BUSY = 0.3
_Times = dict[str, list[float]]


class Visits:
    """Customers who sign in with a code, look at three pages and sign out, one after the other."""

    def __init__(self, port: int, people: list[tuple[str, Phone]]) -> None:
        self._port, self._people, self._lock = port, cycle(people), threading.Lock()
        self.times: _Times = defaultdict(list)

    def _next(self) -> tuple[str, Phone]:
        with self._lock:
            return next(self._people)

    def _timed(self, name: str, send: Any, status: int) -> Any:
        begun = time.perf_counter()
        answer = send()
        self.times[name].append(time.perf_counter() - begun)
        expect(answer, status)
        return answer

    def visit(self) -> None:
        """Send the requests of one visit."""
        name, phone = self._next()
        client = Https("127.0.0.1", self._port)
        page = self._timed("sign-in page", lambda: client.get("/login"), 200)
        typed = find_form(page.text, "identity").filled({"identity": name, "password": PASSWORD})
        asked = self._timed("password", lambda: client.post("/login", data=typed), 303)
        page = self._timed("second step", lambda: client.get(asked.location), 200)
        typed = find_form(page.text, "code").filled({"code": phone.code()})
        path = f"{TWOFACTOR}/sign-in"
        self._timed("code", lambda: client.post(path, data=typed), 303)
        home = self._timed("overview", lambda: client.get("/"), 200)
        self._timed("invoices", lambda: client.get("/invoices/"), 200)
        self._timed("preferences", lambda: client.get(f"{TWOFACTOR}/"), 200)
        typed = find_form(home.text, button="Sign out").filled({})
        self._timed("sign out", lambda: client.post("/logout", data=typed), 303)

    def go_on(self, seconds: float, clients: int, pause: float = 0) -> int:
        """Have so many customers at once for some seconds; return the number of visits.

        Args:
            seconds: the duration.
            clients: number of visits at the same time, at most.
            pause: seconds from the beginning of a visit to that of the next of the same client.
        """
        self.times = defaultdict(list)
        end = time.monotonic() + seconds

        def one(number: int) -> int:
            count, due = 0, time.monotonic() + pause * number / clients
            while (now := time.monotonic()) < end:
                time.sleep(max(0, min(due, end) - now))
                due += pause
                self.visit()
                count += 1
            return count

        with ThreadPoolExecutor(clients) as threads:
            return sum(threads.map(one, range(clients)))


def people(database: Database) -> list[tuple[str, Phone]]:
    """Give customers a password and an app; their phones have the machine's clock."""
    app, made = database.app, []
    testing = TwoFactorTesting(app, time.time)  # type: ignore[arg-type]  # the clock of the workers
    password = hash_password(PASSWORD)
    with app.app_context():
        for number in range(1, PEOPLE + 1):
            customer = db.session.get_one(Customer, number * (database.accounts // PEOPLE))
            customer.password_hash = password
            name = customer.username
            db.session.commit()
            twofactor.forget(customer)
            made.append((name, testing.enrol(customer)))
    testing.restore()
    return made


@contextmanager
def beside(settings: dict[str, Any], *words: str) -> Iterator[None]:
    """Run a command meanwhile; it is interrupted at the end, as an operator may do."""
    program = [*FLASK, "twofactor", *words]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            program, env=environment(settings), stdout=output, stderr=subprocess.STDOUT
        )
        begun = time.monotonic()
        yield
        ended = process.poll()
        if ended is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        elif ended:
            output.seek(0)
            raise SystemExit(f"{words}: {output.read().decode()[-2000:]}")
        state = "was still running" if ended is None else "had ended"
        say(f"{' '.join(words)} {state} after {time.monotonic() - begun:.0f} s")


def under_load(database: Database, seconds: int) -> None:
    """Measure the visits that are possible, and the slowest requests beside purge and rotation.

    Args:
        database: with many accounts.
        seconds: of each part.
    """
    newer = base64.b64encode(secrets.token_bytes(32)).decode()
    both = f"{newer},{database.settings['TWOFACTOR_KEYS']}"
    settings = {**database.settings, "TWOFACTOR_KEYS": both, "EMAIL_LINKS": 1}
    del settings["PASSWORD_COST"]  # the real one
    known = people(database)
    time.sleep(PERIOD)  # the codes of now are used up
    log = Path(database.folder.name) / "gunicorn.log"
    portal = Gunicorn("wsgi:app", log, environment(settings), workers=WORKERS, threads=THREADS)
    try:
        visits = Visits(portal.port, known)
        visits.go_on(10, CLIENTS)  # fills the caches
        count = visits.go_on(seconds, CLIENTS)
        most = count / seconds
        print(f"\n{most:.1f} visits a second, {most * len(visits.times):.0f} requests a second")
        pause = CLIENTS / (most * BUSY)
        print("\n| beside | visits a second | requests | over twice the median | slowest |")
        print("| --- | --- | --- | --- | --- |")
        usual: _Times = {}
        for name, words in (
            ("nothing", ()),
            ("`purge`", ("purge", "--events-before", "200d")),
            ("`rotate-keys`", ("rotate-keys",)),
            ("nothing again", ()),
        ):
            if words:
                with beside(settings, *words):
                    count = visits.go_on(seconds, CLIENTS, pause)
            else:
                count = visits.go_on(seconds, CLIENTS, pause)
            usual = usual or visits.times
            row(name, count / seconds, visits.times, usual)
    finally:
        portal.close()


def row(name: str, rate: float, times: _Times, usual: _Times) -> None:
    """Print how much slower requests were than the median of their kind beside nothing."""
    medians = {kind: statistics.median(found) for kind, found in usual.items()}
    ratios = [each / medians[kind] for kind, found in times.items() for each in found]
    slow = sum(1 for ratio in ratios if ratio > 2)
    print(
        f"| {name} | {rate:.1f} | {len(ratios)} | {slow} ({slow / len(ratios):.1%})"
        f" | {max(ratios):.1f} x |",
        flush=True,
    )
