"""Guessing on four workers: the allowance is never exceeded, and nothing lifts the hold."""

from collections import Counter

import pytest

from tests.support.burst import Answer, Request, burst
from tests.support.databases import both
from tests.support.forms import find_form
from tests.support.gunicorn import Gunicorn

from .conftest import Serve
from .people import ALL, DEACTIVATE, JSON, PASSWORD, SIGN_IN, TWOFACTOR, People, Person

pytestmark = pytest.mark.slow

GUESSES = 96
FREE = 5
DAY = 86_400
NEW = "new@example.org"
NEW_PASSWORD = "velvet-anchor-piano-9"
FORWARDED = (
    {"X-Forwarded-For": "203.0.113.7"},
    {"Forwarded": "for=203.0.113.8"},
    {"X-Real-IP": "203.0.113.9"},
    {"CF-Connecting-IP": "203.0.113.10"},
)


@pytest.fixture
def portal(serve: Serve) -> Gunicorn:
    return serve(workers=4)


def guesses(people: People, person: Person, count: int = GUESSES) -> list[Request]:
    """Wrong codes for every page that takes one, in a third as many signed-in sessions."""
    code = person.wrong()
    inside, pending = people.browsers(person, count // 3), people.pending(person, count // 6)
    requests = []
    for number in range(count):
        cookie = inside[number % len(inside)]
        place = number % 6
        if place == 0:
            half_in = pending[number // 6]
            requests.append(people.post(SIGN_IN, half_in, code=code))
        elif place == 1:
            requests.append(people.new_email(cookie, NEW, twofactor_code=code))
        elif place == 2:
            requests.append(people.deactivate(cookie, code))
        elif place == 3:
            requests.append(
                people.post(f"{TWOFACTOR}/recovery", cookie, code=code, password=PASSWORD)
            )
        elif place == 4:
            requests.append(
                people.post(f"{TWOFACTOR}/", cookie, areas=["password"], twofactor_code=code)
            )
        else:
            path = f"{TWOFACTOR}/challenge?area=invoices&next=/invoices/"
            requests.append(people.post(path, cookie, code=code))
    return requests


def statuses(answers: list[Answer]) -> Counter[int]:
    """Count judged (403, or 303 for a pending sign-in's fifth wrong code) and held (429)."""
    return Counter(403 if answer.status == 303 else answer.status for answer in answers)


@both
def test_no_more_is_judged_than_the_allowance(portal: Gunicorn, people: People):
    """A-11, A-15, A-17, C-37, C-39, C-41, C-42, C-44, C-46: 96 wrong codes at one moment."""
    alice, bob = people.person(), people.person("bob")
    before = people.last_event()
    answers = burst(portal.port, guesses(people, alice))
    assert statuses(answers) == {403: FREE, 429: GUESSES - FREE}
    assert people.events(before) == {"code_wrong": FREE, "held": 1}, "one event a hold (F-15)"
    assert people.kit.store.account(alice.key).failures == FREE
    assert people.signed_in(alice) == GUESSES // 3, "nobody was let in"
    assert all(a.headers["retry-after"] == "30" for a in answers if a.status == 429)
    assert all(a.headers["cache-control"] == "no-store" for a in answers)
    assert len({answer.worker for answer in answers}) > 1
    # After the wait one more is judged; the next wait is twice as long.
    for wait, following in ((30, 60), (60, 120)):
        people.clock.advance(wait)
        before = people.last_event()
        answers = burst(portal.port, guesses(people, alice))
        assert statuses(answers) == {403: 1, 429: GUESSES - 1}
        assert people.events(before)["code_wrong"] == 1
        held = {a.headers["retry-after"] for a in answers if a.status == 429}
        assert held == {str(following)}
    # Other accounts are not held.
    [cookie] = people.browsers(bob, 1)
    [answer] = burst(
        portal.port, [people.new_email(cookie, "bob2@example.org", twofactor_code=bob.code())]
    )
    assert answer.status == 303
    assert people.mails().count("Wrong codes for your account") == 1


def held_everywhere(portal: Gunicorn, people: People, alice: Person, cookie: str) -> None:
    """Check that a right code is held and not used up, whatever else is done."""
    code = alice.code()
    plain = people.new_email(cookie, NEW, twofactor_code=code)
    # A new session, made by the pages.
    [page] = burst(portal.port, [Request("GET", "/login")])
    form = find_form(page.text, "identity").filled({"identity": "alice", "password": PASSWORD})
    [begun] = burst(portal.port, [Request("POST", "/login", form, page.cookie)])
    assert begun.location == SIGN_IN
    [second] = burst(portal.port, [Request("GET", SIGN_IN, cookie=begun.cookie)])
    form = find_form(second.text, "code").filled({"code": code})
    # Before sign-in the cookie holds the session, including its CSRF token.
    new = Request("POST", SIGN_IN, form, second.cookie or begun.cookie)
    # Another address, both the socket's own and one that a client may claim.
    addresses = [
        Request("POST", plain.path, plain.data, cookie, headers, f"127.0.0.{10 + number}")
        for number, headers in enumerate(({}, *FORWARDED))
    ]
    before, failures = people.last_event(), people.kit.store.account(alice.key).failures
    answers = burst(portal.port, [plain, new, *addresses] + [plain] * 24)
    assert statuses(answers) == {429: 31}
    assert people.events(before) == {}, "the event of this hold is there (F-15)"
    assert people.kit.store.account(alice.key).failures == failures
    assert people.email_of(alice) != NEW


@both
def test_nothing_lifts_the_hold(portal: Gunicorn, people: People):
    """A-12, A-13, A-16, A-17, A-21, A-63, C-40, C-41, C-42, C-43, C-45, C-47."""
    alice = people.person()
    [old] = people.browsers(alice, 1)
    burst(portal.port, guesses(people, alice))
    held_everywhere(portal, people, alice, old)
    portal.restart()
    held_everywhere(portal, people, alice, old)
    # A success ends the waits, but not the day's budget, so only five more are judged.
    people.clock.advance(30)
    [right] = burst(
        portal.port, [people.new_email(old, "b@example.org", twofactor_code=alice.code())]
    )
    assert right.status == 303
    people.clock.advance(30)
    before = people.last_event()
    answers = burst(portal.port, guesses(people, alice))
    assert people.events(before)["code_wrong"] == 10 - FREE
    assert statuses(answers) == {403: 10 - FREE, 429: GUESSES - (10 - FREE)}
    for seconds in (3600, 12 * 3600):
        people.clock.advance(seconds)
        people.end_sessions()
        [fresh] = people.browsers(alice, 1)
        held_everywhere(portal, people, alice, fresh)
    # A day after the first ten, the right code works again.
    people.clock.advance(DAY - 13 * 3600 - 30)
    [cookie] = people.browsers(alice, 1)
    before = people.last_event()
    [answer] = burst(portal.port, [people.new_email(cookie, NEW, twofactor_code=alice.code())])
    assert answer.status == 303
    assert people.events(before) == {"code_accepted": 1}


@both
def test_an_attempt_stays_counted_when_the_host_rolls_back(portal: Gunicorn, people: People):
    """C-42: the host's own change is gone, the attempt is not."""
    alice = people.person()
    [cookie] = people.browsers(alice, 1)
    requests = [
        people.post("/rolled-back", cookie, full_name="Mallory", twofactor_code=alice.wrong())
        for _ in range(16)
    ]
    answers = burst(portal.port, requests)
    assert statuses(answers) == {403: FREE, 429: 16 - FREE}
    assert people.kit.store.account(alice.key).failures == FREE
    people.clock.advance(30)
    code = alice.code()
    [right] = burst(
        portal.port,
        [people.post("/rolled-back", cookie, full_name="Alice", twofactor_code=code)],
    )
    assert right.status == 204
    assert people.kit.store.account(alice.key).codes.run == 0


@both
def test_the_owner_gets_in_by_the_recovery_code_meanwhile(portal: Gunicorn, people: People):
    """A-22, A-23, C-50, C-51: while 96 guesses are made, and while codes are held."""
    alice = people.person()
    [cookie] = people.pending(alice, 1)
    # Wrong codes at sign-in come from somebody who knows the password (F-11).
    fresh = {"new_password": NEW_PASSWORD, "repeat_password": NEW_PASSWORD}
    owner = people.post(SIGN_IN, cookie, code=alice.recovery_code, **fresh)
    burst(portal.port, guesses(people, alice))
    requests = guesses(people, alice, 66)
    answers = burst(portal.port, [*requests[:33], owner, *requests[33:]])
    assert answers[33].status == 303
    assert answers[33].location.startswith(f"{TWOFACTOR}/activate?")
    [inside] = burst(portal.port, [Request("GET", "/", cookie=answers[33].cookie)])
    assert inside.status == 200
    assert people.rows("account", alice) == 0


@both
def test_recovery_codes_have_an_allowance_of_their_own(portal: Gunicorn, people: People):
    """A-24, C-50: 32 wrong ones at one moment; the slow hash is computed for five."""
    from portal.twofactor.methods import recovery

    alice = people.person()
    cookies, pending = people.browsers(alice, 16), people.pending(alice, 16)
    requests = [
        people.post(path, cookie, code=recovery.new_code().text, password=PASSWORD)
        for path, each in ((DEACTIVATE, cookies), (SIGN_IN, pending))
        for cookie in each
    ]
    before = people.last_event()
    answers = burst(portal.port, requests)
    assert statuses(answers) == {403: 5, 429: 27}
    assert people.events(before) == {"recovery_code_wrong": 5, "recovery_held": 1}
    # The right recovery code has to wait as well; codes of the phone don't.
    [held, right] = burst(
        portal.port,
        [
            people.deactivate(cookies[0], alice.recovery_code),
            people.new_email(cookies[1], NEW, twofactor_code=alice.code()),
        ],
    )
    assert (held.status, right.status) == (429, 303)
    people.clock.advance(900)
    before = people.last_event()
    answers = burst(portal.port, requests)
    assert people.events(before)["recovery_code_wrong"] == 5
    people.clock.advance(900)
    [cookie] = people.browsers(alice, 1)
    [off] = burst(portal.port, [people.deactivate(cookie, alice.recovery_code)])
    assert off.json["by"] == "recovery"


@both
def test_a_guess_is_one_value(portal: Gunicorn, people: People):
    """A-19, C-114: many values in one request are none, on every worker."""
    alice = people.person(areas=ALL)
    [cookie] = people.browsers(alice, 1)
    codes = [f"{number:06}" for number in range(400)]
    before = people.last_event()
    requests = [
        people.new_email(cookie, NEW, twofactor_code=codes),
        people.post(DEACTIVATE, cookie, dict(JSON), code=codes, password=PASSWORD),
    ]
    answers = burst(portal.port, requests * 8)
    assert statuses(answers) == {403: 16}
    assert people.events(before) == {}
