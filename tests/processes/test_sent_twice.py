"""A form that is sent twice at once, as by a double click without scripts, is done once."""

from collections import Counter

import pytest

from portal.twofactor.service import tickets
from tests.support.burst import Answer, Request, burst
from tests.support.databases import both
from tests.support.gunicorn import Gunicorn

from .conftest import Serve
from .people import SIGN_IN, TWOFACTOR, People

pytestmark = pytest.mark.slow

ROUNDS = 12


@pytest.fixture
def portal(serve: Serve) -> Gunicorn:
    return serve(workers=4, threads=2)


def twice(portal: Gunicorn, request: Request) -> list[Answer]:
    answers = burst(portal.port, [request, request])
    assert not {0, 500, 502, 503} & {answer.status for answer in answers}, portal.output()[-2000:]
    return answers


def cookies(answers: list[Answer]) -> list[str]:
    """Return the session cookies that the answers set or delete."""
    return [a.cookies["portal_session"] for a in answers if "portal_session" in a.cookies]


def look(portal: Gunicorn, cookie: str) -> Answer:
    return burst(portal.port, [Request("GET", f"{TWOFACTOR}/", cookie=cookie)])[0]


@both
def test_an_activation_sent_twice_is_on_and_keeps_the_session(portal: Gunicorn, people: People):
    """F-30: one activation; whichever answer the browser shows, it is on and signed in."""
    alice, seen = people.person(areas=None), Counter[str]()
    for _ in range(ROUNDS):
        people.end_sessions()
        mark = {tickets.ENROLMENT: people.begin(alice)}
        [cookie] = people.browsers(alice, 1, [mark])
        before = people.last_event()
        answers = twice(portal, people.post(f"{TWOFACTOR}/activate", cookie, code=alice.code()))
        assert people.events(before) == {"activated": 1}
        [good] = cookies(answers)
        page = look(portal, good)
        assert page.status == 200
        assert 'data-state="on"' in page.text
        for answer in answers:
            seen[f"{answer.status} {answer.location}"] += 1
        people.kit.store.run(lambda tx: tx.remove_account(alice.key))
        people.clock.advance()
    print(seen)
    assert seen[f"303 {TWOFACTOR}/activate/done"] > ROUNDS, (
        "both answers lead to the page that says on"
    )


@both
def test_a_second_step_sent_twice_signs_in_once(portal: Gunicorn, people: People):
    """F-32: one sign-in; the twin is led on, and its answer leaves the good cookie alone."""
    alice, seen = people.person(), Counter[str]()
    for _ in range(ROUNDS):
        people.end_sessions()
        [cookie] = people.pending(alice, 1)
        answers = twice(portal, people.post(SIGN_IN, cookie, code=alice.code()))
        assert people.signed_in(alice) == 1
        [good] = cookies(answers)
        assert look(portal, good).status == 200
        for answer in answers:
            seen[f"{answer.status} {answer.location}"] += 1
        people.clock.advance()
    assert seen == {"303 /": 2 * ROUNDS}


@both
def test_changes_sent_twice_are_told_by_what_is_there(portal: Gunicorn, people: People):
    """F-32: new recovery code, fewer areas, another device."""
    alice = people.person()
    [cookie] = people.browsers(alice, 1)
    fewer = {"areas": ["sign_in"], "shown": ["sign_in", "password", "email", "invoices"]}
    forms = (
        (f"{TWOFACTOR}/recovery", f"{TWOFACTOR}/recovery", {}),
        (f"{TWOFACTOR}/authenticators/new", f"{TWOFACTOR}/authenticators/new", {"name": "Tablet"}),
    )
    password = {"password": "plum-coffee-lantern-42"}
    for path, target, data in forms:
        people.clock.advance()
        form = people.post(path, cookie, code=alice.code(), **data, **password)
        answers = twice(portal, form)
        assert {(a.status, a.location) for a in answers} == {(303, target)}
        [shown] = burst(portal.port, [Request("GET", target, cookie=cookie)])
        named = "twofactor-recovery-code" if path == f"{TWOFACTOR}/recovery" else "twofactor-qr"
        assert f'id="{named}"' in shown.text
    people.clock.advance()
    answers = twice(
        portal, people.post(f"{TWOFACTOR}/", cookie, twofactor_code=alice.code(), **fewer)
    )
    assert {(a.status, a.location) for a in answers} == {(303, f"{TWOFACTOR}/")}
    assert people.kit.store.account(alice.key).areas == {"sign_in", "close_account"}
