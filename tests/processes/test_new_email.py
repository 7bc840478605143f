"""A new e-mail address is confirmed, cancelled or lost to somebody else by one request of many.

Four workers; in each round the requests are sent at one moment.
"""

from collections import Counter
from typing import Any

import pytest

from tests.support.burst import Answer, Request, burst
from tests.support.databases import both
from tests.support.gunicorn import Gunicorn
from tests.support.rounds import rounds

from .conftest import Serve
from .people import CONFIRM, EMAIL_FORM, People, Person

pytestmark = pytest.mark.slow

ROUNDS = rounds(4)
CHANGED = "Your e-mail address is changed"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"EMAIL_LINKS": 0}


@pytest.fixture
def portal(serve: Serve) -> Gunicorn:
    return serve(workers=4, threads=2)


def confirmations(portal: Gunicorn, people: People, link: str, count: int) -> list[Request]:
    """The requests of browsers that opened a link; the link works in all of them."""
    nobody = people.browsers(None, count)
    opened = burst(portal.port, [Request("GET", link, cookie=each) for each in nobody])
    assert {each.location for each in opened} == {CONFIRM}
    return [people.post(CONFIRM, each.cookie) for each in opened]


def send(portal: Gunicorn, requests: list[Request]) -> list[Answer]:
    answers = burst(portal.port, requests)
    assert {answer.status for answer in answers} <= {303, 409}, portal.output()[-3000:]
    return answers


def has(people: People, person: Person, email: str) -> bool:
    return people.email_of(person) == email


@both
def test_a_confirmation_and_what_ends_it(portal: Gunicorn, people: People):
    """F-05: eight confirmations, and the owner who cancels; the mail is written once or never."""
    alice = people.person(areas=None)
    [cookie] = people.browsers(alice, 1)
    seen = Counter[bool]()
    for number in range(ROUNDS):
        email = f"alice{number}@example.org"
        requests = confirmations(portal, people, people.wants(alice, email), 8)
        cancel = people.post(f"{EMAIL_FORM}/cancel", cookie)
        place = number % 4
        answers = send(portal, [*requests[:place], cancel, *requests[place:]])
        answers.pop(place)
        moved = has(people, alice, email)
        # Those who come second are told the same: the address is confirmed.
        assert {each.location for each in answers} == {"/security/" if moved else EMAIL_FORM}
        seen[moved] += 1
        assert people.mails().count(CHANGED) == seen[True]
    assert seen[True]


@both
def test_two_customers_confirm_one_address(portal: Gunicorn, people: People):
    """C-93: one of them has it then, and the other's page says that it is taken."""
    alice, bob = people.person(areas=None), people.person("bob", areas=None)
    for number in range(ROUNDS):
        email = f"both{number}@example.org"
        links = [people.wants(each, email) for each in (alice, bob)]
        requests = [confirmations(portal, people, link, 4) for link in links]
        answers = send(portal, [each for pair in zip(*requests, strict=True) for each in pair])
        moved = [has(people, alice, email), has(people, bob, email)]
        assert sorted(moved) == [False, True]
        for won, mine in zip(moved, (answers[::2], answers[1::2]), strict=True):
            assert {each.status for each in mine} == {303 if won else 409}
        assert people.mails().count(CHANGED) == number + 1
