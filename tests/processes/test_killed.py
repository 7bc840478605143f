"""Workers killed with SIGKILL at random moments leave nothing half done and lock nobody out."""

import os
import random
import re
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from portal.extensions import db
from portal.rules.passwords import hash_password
from portal.twofactor.service import tickets
from tests.support.burst import LOST, Answer, Request, burst
from tests.support.databases import both
from tests.support.enrol import sign_in, status
from tests.support.forms import answer, find_form
from tests.support.gunicorn import Gunicorn
from tests.support.rounds import rounds

from .conftest import Serve
from .people import PASSWORD, SIGN_IN, TWOFACTOR, People, Person
from .shared import Slot
from .test_every_post import Browser

pytestmark = pytest.mark.slow

ROUNDS = rounds(6)
MOST = rounds(40)
PARTS = 6
MARK = {"X-Mark": "1"}


class Killer:
    """Sends a request and kills the worker that serves it."""

    def __init__(self, portal: Gunicorn, slot: Slot) -> None:
        self._portal, self._slot = portal, slot
        self._pool = ThreadPoolExecutor(1)
        self.longest = 0.05
        self.outcomes: Counter[str] = Counter()
        self._parts: list[int] = []

    def rounds(self) -> Iterator[int]:
        """Number the rounds, until kills have hit both before and after the change."""
        yield from range(ROUNDS)
        for number in range(ROUNDS, MOST):
            if self.has_hit_both():
                return
            yield number

    def has_hit_both(self) -> bool:
        """Return whether one change at least was done, and one not."""
        return len({outcome == "not done" for outcome in self.outcomes}) > 1

    def measure(self, requests: Iterator[Request]) -> None:
        """Measure how long such requests take; the moments of the kills are drawn from that."""
        took = []
        for request in requests:
            begun = time.monotonic()
            burst(self._portal.port, [request])
            took.append(time.monotonic() - begun)
        self.longest = 1.2 * statistics.median(took)

    def _moment(self) -> float:
        """Return a random moment of the time that a request takes.

        It is in another sixth of that time in each of six rounds, in random order: where moments
        are drawn from the whole time, it takes more rounds to kill at the beginning and at the end.
        """
        if not self._parts:
            self._parts = random.sample(range(PARTS), PARTS)
        return self.longest * (self._parts.pop() + random.random()) / PARTS

    def strike(self, request: Request) -> Answer:
        """Kill the worker amid a request; return the answer, or a lost one."""
        self._slot.pid = 0
        sent = self._pool.submit(burst, self._portal.port, [request])
        while not (pid := self._slot.pid) and not sent.done():
            time.sleep(0.0002)
        assert pid > 0, "no worker has begun the request"
        time.sleep(self._moment())
        os.kill(pid, signal.SIGKILL)
        [reply] = sent.result()
        # New workers are slower than the measured ones; adapt, so that half of the kills hit.
        self.longest *= 1.1 if reply.status == LOST else 1 / 1.1
        return reply

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def killer(serve: Serve, tmp_path) -> Iterator[Killer]:
    found = Killer(serve(workers=4), Slot(tmp_path / "slot"))
    yield found
    found.close()


def activation(people: People, alice: Person) -> Request:
    """A request with the first code of an unfinished enrolment."""
    people.kit.store.run(lambda tx: tx.remove_account(alice.key))
    mark = {tickets.ENROLMENT: people.begin(alice)}
    [cookie] = people.browsers(alice, 1, [mark])
    return people.post(f"{TWOFACTOR}/activate", cookie, dict(MARK), code=alice.code())


def deactivation(people: People, alice: Person) -> Request:
    """A request that deactivates with a code."""
    _enrolled(people, alice)
    [cookie] = people.browsers(alice, 1)
    request = people.deactivate(cookie, alice.code())
    return Request(request.method, request.path, request.data, cookie, request.headers | MARK)


def deactivation_by_recovery(people: People, alice: Person) -> Request:
    """A request that deactivates with the recovery code."""
    _enrolled(people, alice)
    [cookie] = people.browsers(alice, 1)
    request = people.deactivate(cookie, alice.recovery_code)
    return Request(request.method, request.path, request.data, cookie, request.headers | MARK)


def _enrolled(people: People, alice: Person) -> None:
    if people.rows("account", alice) == 0:
        people.enrol(alice)


def half(people: People, alice: Person) -> list[str]:
    """Return the inconsistencies in the person's rows."""
    found = []
    account, authenticators = people.rows("account", alice), people.rows("authenticator", alice)
    if account != authenticators or account > 1:
        found.append(f"{account} accounts with {authenticators} authenticators")
    with db.engine.connect() as connection:
        orphans = connection.execute(
            text(
                "SELECT count(*) FROM twofactor_authenticator WHERE user_id NOT IN"
                " (SELECT user_id FROM twofactor_account)"
            )
        ).scalar_one()
        kinds = connection.execute(
            text("SELECT kind FROM twofactor_ticket WHERE user_id = :u"), {"u": alice.key}
        ).scalars()
        left = set(kinds)
    if orphans:
        found.append("an authenticator without an account")
    if account and tickets.ENROLMENT in left:
        found.append("switched on, and the enrolment is still open")
    if not account and left & {tickets.PASS, tickets.VIEW, tickets.SIGN_IN}:
        found.append(f"switched off, and {left} are still there")
    return found


def gets_in(people: People, alice: Person, by: str) -> None:
    """Check that the person can sign in, with a code or the recovery code if required."""
    people.clock.advance(60)
    client = people.app.test_client()
    page = sign_in(client, alice.name, PASSWORD, follow_redirects=True)
    if people.rows("account", alice):
        assert page.request.path == SIGN_IN
        code = alice.code() if by == "code" else alice.recovery_code
        assert answer(client, page, {"code": code}).status_code == 303
    assert client.get("/").status_code == 200
    assert status(client) == ("on" if people.rows("account", alice) else "off")


@both
@pytest.mark.parametrize("make", [activation, deactivation, deactivation_by_recovery])
def test_killed_amid(killer: Killer, people: People, make: Callable[[People, Person], Request]):
    """A-64, A-69, C-33, C-57, C-63, C-73, C-75, C-93: kills, then a look and a sign-in each.

    The end of the other sessions and the mail are committed with the change or not at all.
    """
    alice = people.person(areas=None)

    def fresh() -> Request:
        people.clock.advance(900)
        people.end_sessions()
        return make(people, alice)

    killer.measure(fresh() for _ in range(3))
    expected = "activated" if make is activation else "deactivated"
    for number in killer.rounds():
        request = fresh()
        people.browsers(alice, 3)
        on, before, told = people.rows("account", alice), people.last_event(), people.told()
        reply = killer.strike(request)
        done = people.rows("account", alice) != on
        # The session that made the change goes on with the new version, which is written last.
        left = {0, 1} if done and reply.status == LOST else {1 if done else 4}
        assert people.signed_in(alice) in left, "other sessions outlived the change"
        assert (people.told() > told) == done, "the owner was not told, or told of nothing"
        assert half(people, alice) == []
        assert people.events(before).get(expected, 0) == int(done), "done twice, or unseen"
        assert done or reply.status in (LOST, 503), "said to be done, and was not"
        outcome = "answered" if reply.status != LOST else "done" if done else "not done"
        killer.outcomes[outcome] += 1
        gets_in(people, alice, "code" if number % 2 else "recovery code")
        assert half(people, alice) == []
    print(make.__name__, dict(killer.outcomes), f"{killer.longest * 1000:.0f} ms")
    assert killer.has_hit_both()


@both
def test_killed_amid_a_guarded_deed(killer: Killer, people: People):
    """A-07, C-33, C-93: the deed is done once or not at all, and never twice with one code."""
    alice = people.person()

    def fresh() -> Request:
        people.clock.advance()
        people.end_sessions()
        [cookie] = people.browsers(alice, 1)
        email = f"alice{int(people.clock())}@example.org"
        request = people.new_email(cookie, email, twofactor_code=alice.code())
        return Request(request.method, request.path, request.data, cookie, MARK)

    killer.measure(fresh() for _ in range(3))
    for _ in killer.rounds():
        request = fresh()
        before = people.last_event()
        reply = killer.strike(request)
        done = people.email_of(alice) == request.data["email"]
        used = people.events(before).get("code_accepted", 0)
        assert used <= 1
        assert used or not done, "done without a code"
        assert done or reply.status in (LOST, 503)
        # Send it again: it is done now, unless the code was used up. A form that was done is
        # answered by what is there, or by what is wrong with it now.
        [again] = burst(killer._portal.port, [request])
        assert again.status in ({200, 303, 403} if done else {403} if used else {303})
        assert people.events(before)["code_accepted"] == 1
        outcome = "answered" if reply.status != LOST else "done" if done else "not done"
        killer.outcomes[outcome] += 1
    print("guarded deed", dict(killer.outcomes), f"{killer.longest * 1000:.0f} ms")


def undo(people: People, alice: Person, portal: Gunicorn) -> Request:
    """A request that undoes an activation; the address has been changed since, too."""
    values = {"i": alice.id, "e": f"{alice.name}@example.org", "h": hash_password(PASSWORD, 4)}
    people.kit.store.run(lambda tx: tx.remove_account(alice.key))
    for statement in (
        "DELETE FROM undo_link",
        "DELETE FROM password_reset",
        "UPDATE customer SET email = :e, email_key = :e, password_hash = :h, reset_proof = NULL",
    ):
        with db.engine.begin() as connection:
            connection.execute(text(statement), values)
    people.enrol(alice)
    [link] = re.findall(r"/undo/[\w-]+", people.last_mail())
    with db.engine.begin() as connection:
        statement = "UPDATE customer SET email = 'm@example.com', email_key = 'm@example.com'"
        connection.execute(text(statement))
    people.browsers(alice, 3)
    browser = Browser(portal)
    page = browser.open(link)
    form = find_form(page.text, "csrf_token", button="Yes, undo this")
    request = browser.request("POST", "/undo/confirm", form.filled({}))
    return Request(request.method, request.path, request.data, "", request.headers | MARK)


def undone(people: People, alice: Person, version: int, told: int) -> dict[str, bool]:
    """Return for each part of an undo whether it was done."""
    with db.engine.connect() as connection:
        email, proof = connection.execute(text("SELECT email, reset_proof FROM customer")).one()
        used = connection.execute(text("SELECT used_at FROM undo_link")).scalar_one()
        links = connection.execute(text("SELECT count(*) FROM password_reset")).scalar_one()
        sessions = connection.execute(text("SELECT count(*) FROM portal_session")).scalar_one()
    return {
        "address": email == f"{alice.name}@example.org",
        "proof": proof is not None,
        "link": used is not None,
        "reset link": links == 1,
        "sessions": sessions == 0,
        "version": people.version_of(alice) == version + 1,
        "device": people.rows("authenticator", alice) == 0,
        "mail": people.told() > told,
    }


@both
def test_killed_amid_an_undo(killer: Killer, people: People):
    """Everything is undone, told and signed out, or nothing is and the link still works."""
    alice, portal = people.person(areas=None), killer._portal
    killer.measure(undo(people, alice, portal) for _ in range(3))
    for _ in killer.rounds():
        people.clock.advance(900)
        request = undo(people, alice, portal)
        version, told = people.version_of(alice), people.told()
        reply = killer.strike(request)
        parts = undone(people, alice, version, told)
        done = parts["link"]
        assert set(parts.values()) == {done}, parts
        assert done or reply.status in (LOST, 503), "said to be done, and was not"
        outcome = "answered" if reply.status != LOST else "done" if done else "not done"
        killer.outcomes[outcome] += 1
        [again] = burst(portal.port, [request])
        assert again.status == (410 if done else 303)
        assert all(undone(people, alice, version, told).values())
    print("undo", dict(killer.outcomes), f"{killer.longest * 1000:.0f} ms")
