"""Deeds of the help desk in several processes at once: each is done once, and ten in an hour.

The functions are called, not the pages: a phone has one code at a time, so at the pages the deeds
of one agent come one after the other anyway. Whether that is what limits them must not matter.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from portal.extensions import db
from portal.twofactor.core.errors import Refusal
from portal.twofactor.core.help_desk import AlreadyRequested, RequestOver, StartOverOver
from portal.twofactor.core.help_desk import TooMuchHelp as TooMuch
from portal.twofactor.service.help_desk import deeds, requests, starting_over
from portal.twofactor.service.help_desk.records import Agent
from portal.twofactor.service.tickets import Deed
from tests.support.databases import both, servers

from .people import People, Person

pytestmark = pytest.mark.slow

DONE, FAILED = 0, 9
REFUSED: list[type[Refusal]] = [TooMuch, AlreadyRequested, RequestOver, StartOverOver]
ROUNDS = 4


def at_once(*works: Callable[[], object]) -> Counter[str]:
    """Do each in a process of its own, all at the same moment; count what came of them."""
    start, begin = os.pipe()
    children = [_forked(work, start, begin) for work in works]
    os.close(start)
    os.close(begin)  # lets all of them go
    names = {DONE: "done"} | {n: each.__name__ for n, each in enumerate(REFUSED, 1)}
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return Counter(names.get(status, f"failed: {status}") for status in statuses)


def _forked(work: Callable[[], object], start: int, begin: int) -> int:
    child = os.fork()
    if child:
        return child
    status = FAILED
    try:
        db.engine.dispose(close=False)
        os.close(begin)
        os.read(start, 1)
        work()
        status = DONE
    except tuple(REFUSED) as refusal:
        status = 1 + next(n for n, each in enumerate(REFUSED) if isinstance(refusal, each))
    finally:
        os._exit(status)


@dataclass
class Desk:
    """Agents and the application."""

    people: People
    bob: Agent
    eve: Agent

    def run(self, deed: Deed) -> Callable[[], object]:
        """Return a function that does a deed in a transaction of its own."""
        return lambda: self.people.kit.store.run(deed)

    def count(self, kind: str, who: Person | None = None) -> int:
        statement = "SELECT count(*) FROM twofactor_event WHERE kind = :kind"
        values: dict[str, Any] = {"kind": kind}
        if who is not None:
            statement, values = f"{statement} AND user_id = :user", values | {"user": who.key}
        with db.engine.connect() as connection:
            return int(connection.execute(text(statement), values).scalar_one())

    def is_on(self, who: Person) -> bool:
        return self.people.kit.store.account(who.key) is not None

    def asked(self, who: Person) -> requests.Request:
        """Have bob ask for a reset."""
        kit = self.people.kit
        kit.store.run(requests.ask(kit, self.bob, who.key, "lost"))
        found = requests.of_user(kit, who.key, kit.store.account(who.key))
        assert found is not None
        return found


@pytest.fixture
def desk(people: People) -> Desk:
    bob, eve = (people.person(name) for name in ("bob", "eve"))
    return Desk(people, Agent(bob.key, "bob"), Agent(eve.key, "eve"))


@both
def test_ten_of_sixteen_are_done(desk: Desk, people: People):
    """Whatever is sent at once; the next hour has ten more."""
    kit = people.kit
    many = [people.person(f"user{number}") for number in range(16)]
    for round_ in range(2):
        on = [each for each in many if desk.is_on(each)]
        works = [desk.run(deeds.reset(kit, desk.bob, each.key, "x")) for each in on]
        done = at_once(*works)
        expected = {"done": 10, "TooMuchHelp": 6} if round_ == 0 else {"done": 6}
        assert done == expected
        assert desk.count("desk_reset") == sum(not desk.is_on(each) for each in many)
        people.clock.advance(3600)
    assert desk.count("desk_reset") == desk.count("reset") == 16


@servers
def test_agents_do_not_wait_for_each_other_for_ever(desk: Desk, people: People):
    """Two agents help the same eight customers in opposite order; none of it ends in a deadlock."""
    kit = people.kit
    many = [people.person(f"user{number}") for number in range(8)]
    for _ in range(ROUNDS):
        works = [desk.run(deeds.unlock(kit, desk.bob, each.key, "x")) for each in many]
        works += [desk.run(deeds.unlock(kit, desk.eve, each.key, "x")) for each in reversed(many)]
        assert at_once(*works) == {"done": 16}


@both
def test_two_agents_confirm_one_request(desk: Desk, people: People):
    """One reset, told and recorded once."""
    kit = people.kit
    dora = people.person("dora")
    carl = Agent(dora.key, "dora")
    for number in range(1, ROUNDS + 1):
        alice = people.person(f"alice{number}")
        request = desk.asked(alice)
        confirmed = [requests.confirm(kit, each, request) for each in (desk.eve, carl, desk.eve)]
        assert at_once(*map(desk.run, confirmed)) == {"done": 1, "RequestOver": 2}
        assert not desk.is_on(alice)
        assert desk.count("reset", alice) == 1
        assert desk.count("desk_confirmed") == number
        people.clock.advance(600)


@both
def test_confirm_against_decline(desk: Desk, people: People):
    """One of them, and what is recorded is what was done."""
    kit, seen = people.kit, Counter[bool]()
    for number in range(ROUNDS + 2):
        alice = people.person(f"alice{number}")
        request = desk.asked(alice)
        works = [
            desk.run(requests.decline(kit, desk.bob, alice.key)),
            desk.run(requests.confirm(kit, desk.eve, request)),
        ]
        if number % 2:
            works.reverse()
        assert at_once(*works) == {"done": 1, "RequestOver": 1}
        is_on = desk.is_on(alice)
        assert desk.count("reset", alice) == (not is_on)
        assert desk.count("reset_declined", alice) == is_on
        assert requests.open_ones(kit) == []
        seen[is_on] += 1
        people.clock.advance(600)
    print(dict(seen))


@both
def test_one_link_is_used_once(desk: Desk, people: People):
    kit = people.kit
    for number in range(ROUNDS):
        alice = people.person(f"alice{number}")
        token = _link(kit, desk, alice)
        works = [lambda token=token: starting_over.complete(kit, token, None) for _ in range(4)]
        assert at_once(*works) == {"done": 1, "StartOverOver": 3}
        assert not desk.is_on(alice)
        assert desk.count("reset", alice) == 1


@both
def test_of_two_links_at_once_one_is_left(desk: Desk, people: People):
    kit = people.kit
    for number in range(ROUNDS):
        alice = people.person(f"alice{number}")
        works = [
            desk.run(deeds.start_over(kit, each, alice.key, "x"))
            for each in (desk.bob, desk.eve, desk.bob, desk.eve)
        ]
        assert at_once(*works) == {"done": 4}
        assert len(kit.store.tickets(alice.key, starting_over.KIND, people.clock())) == 1
        people.clock.advance(3600)


@both
def test_asked_twice_at_once_is_one_request(desk: Desk, people: People):
    kit = people.kit
    for number in range(1, ROUNDS + 1):
        alice = people.person(f"alice{number}")
        works = [
            desk.run(requests.ask(kit, each, alice.key, "x"))
            for each in (desk.bob, desk.eve, desk.bob, desk.eve)
        ]
        assert at_once(*works) == {"done": 1, "AlreadyRequested": 3}
        assert len(requests.open_ones(kit)) == number
        assert desk.count("reset_requested", alice) == 1
        assert desk.count("desk_requested") == number
        people.clock.advance(1200)


def _link(kit: Any, desk: Desk, who: Person) -> str:
    """Send a link; return its token."""
    told: list[str] = []
    made = kit.start_over_url

    def hear(token: str) -> Any:
        told.append(token)
        return made(token)

    object.__setattr__(kit, "start_over_url", hear)
    try:
        kit.store.run(deeds.start_over(kit, desk.bob, who.key, "x"))
    finally:
        object.__setattr__(kit, "start_over_url", made)
    return told[0]
