"""Password guessing on four workers: never more are judged than the schedule allows."""

from collections import Counter

import pytest
from sqlalchemy import text

from portal.account import known_browsers
from portal.extensions import db
from portal.security.sealing import digest
from tests.support.burst import Answer, Request, burst
from tests.support.databases import both
from tests.support.gunicorn import Gunicorn

from .conftest import Serve
from .people import JSON, PASSWORD, TWOFACTOR, People, Person

pytestmark = pytest.mark.slow

GUESSES = 96
FREE = 10


@pytest.fixture
def portal(serve: Serve) -> Gunicorn:
    return serve(workers=4, PASSWORDS_FREE=FREE)


def guesses(people: People, person: Person, count: int = GUESSES) -> list[Request]:
    """Wrong passwords for each page that asks for one, each in its own session."""
    strangers, inside = people.browsers(None, count // 2), people.browsers(person, count // 2)
    wrong, requests = "not-her-password", []
    for number in range(count // 2):
        address = f"127.0.0.{2 + number}"
        anonymous = people.post("/login", strangers[number], identity=person.name, password=wrong)
        cookie, place = inside[number], number % 3
        if place == 0:
            asked = people.new_email(cookie, "new@example.org", wrong)
        elif place == 1:
            data = {"password": wrong, "areas": ["email"]}
            asked = people.post(f"{TWOFACTOR}/activate", cookie, dict(JSON), **data)
        else:
            asked = people.post("/security/close", cookie, current_password=wrong)
        requests += [
            Request(each.method, each.path, each.data, each.cookie, each.headers, address)
            for each in (anonymous, asked)
        ]
    return requests


def judged(answers: list[Answer]) -> Counter[bool]:
    """Count the judged and the held passwords; fail on any other answer."""
    found: Counter[bool] = Counter()
    for answer in answers:
        held = answer.status == 429 or "Too many wrong passwords" in answer.text
        assert held or "is wrong" in answer.text, (answer.status, answer.text[:300])
        found[not held] += 1
    return found


def runs() -> list[int]:
    with db.engine.connect() as connection:
        return list(connection.scalars(text("SELECT run FROM password_attempts ORDER BY run")))


@both
def test_no_more_passwords_are_judged_than_the_schedule_allows(portal: Gunicorn, people: People):
    """F-07, F-08: 96 at one moment, at every place that asks for one, from 48 addresses."""
    alice = people.person(areas=None)
    answers = burst(portal.port, guesses(people, alice))
    assert judged(answers) == {True: FREE, False: GUESSES - FREE}
    assert max(runs()) == FREE
    assert len({answer.worker for answer in answers}) > 1
    assert people.mails().count("Wrong passwords for your account") == 1
    # After the wait one more is judged; the next wait is twice as long.
    for wait in (30, 60, 120):
        people.clock.advance(wait)
        answers = burst(portal.port, guesses(people, alice))
        assert judged(answers) == {True: 1, False: GUESSES - 1}
    assert max(runs()) == FREE + 3


@both
def test_the_right_password_is_held_except_in_a_known_browser(portal: Gunicorn, people: People):
    """F-08: strangers hold the account; the owner gets in on a known browser."""
    alice = people.person(areas=None)
    with people.app.test_request_context():
        name = known_browsers.cookie_name(alice.id)
    [before] = people.browsers(None, 1)
    [inside] = burst(
        portal.port, [people.post("/login", before, identity="alice", password=PASSWORD)]
    )
    assert inside.status == 303
    with db.engine.begin() as connection:
        connection.execute(
            text("UPDATE known_browser SET digest = :digest"),
            {"digest": digest("the-browser")},
        )
    burst(portal.port, guesses(people, alice))
    elsewhere, known = people.browsers(None, 2)
    right = {"identity": "alice", "password": PASSWORD}
    answers = burst(
        portal.port,
        [
            people.post("/login", elsewhere, **right),
            people.post("/login", f"{known}; {name}=the-browser", **right),
        ],
    )
    assert [answer.status for answer in answers] == [429, 303]
    assert answers[0].headers["retry-after"] == "30"


@both
def test_a_name_that_nobody_has_is_counted_as_exactly(portal: Gunicorn, people: People):
    """F-08"""
    requests = [
        people.post("/login", cookie, identity="nobody", password="x")
        for cookie in people.browsers(None, GUESSES)
    ]
    assert judged(burst(portal.port, requests)) == {True: FREE, False: GUESSES - FREE}
    assert runs() == [FREE]
    assert people.mails() == []


@both
def test_parallel_right_passwords_are_all_accepted(portal: Gunicorn, people: People):
    """F-07: a password counts before it is judged; a right one is removed again."""
    alice = people.person(areas=None)
    # The invalid address stops each form, so that only the password is judged.
    requests = [people.new_email(each, "no address") for each in people.browsers(alice, 32)]
    answers = burst(portal.port, requests)
    assert Counter(answer.status for answer in answers) == {200: 32}
    for answer in answers:
        assert "name@example.org" in answer.text
        assert "current password is wrong" not in answer.text
        assert "Too many wrong passwords" not in answer.text
    assert runs() == []


@both
def test_parallel_wrong_passwords_in_a_session_end_it(portal: Gunicorn, people: People):
    """F-07: counted exactly, not in the session's content, which the last write overwrites."""
    alice = people.person(areas=None)
    [cookie] = people.browsers(alice, 1)
    wrong = people.new_email(cookie, "new@example.org", "not-her-password")
    answers = burst(portal.port, [wrong] * 24)
    told = [answer for answer in answers if "current password is wrong" in answer.text]
    assert len(told) == 4
    assert people.signed_in(alice) == 0
    assert max(runs(), default=0) <= FREE
