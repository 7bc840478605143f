"""32 requests at once on four workers: a code, recovery code or pass allows one deed."""

from collections import Counter
from collections.abc import Iterator

import pytest

from portal.twofactor.service import tickets
from tests.support.burst import Answer, Request, burst
from tests.support.databases import both
from tests.support.gunicorn import Gunicorn
from tests.support.rounds import rounds as rounds_of

from .conftest import Serve
from .people import DEACTIVATE, EMAIL_FORM, SIGN_IN, TWOFACTOR, People, Person

pytestmark = pytest.mark.slow

ROUNDS = rounds_of(4)
PARALLEL = 32
CHANGED = "Your e-mail address is changed"


class Rounds:
    """The rounds of one test, with the workers that answered."""

    def __init__(self, portal: Gunicorn) -> None:
        self.portal = portal
        self.workers: set[str] = set()

    def send(self, requests: list[Request]) -> list[Answer]:
        assert len(requests) == PARALLEL
        answers = burst(self.portal.port, requests)
        statuses = Counter(answer.status for answer in answers)
        assert not {0, 500, 502, 503} & statuses.keys(), (statuses, self.portal.output()[-2000:])
        self.workers |= {answer.worker for answer in answers}
        return answers


@pytest.fixture
def rounds(serve: Serve, people: People) -> Iterator[Rounds]:
    """Four workers with eight threads each, so that 32 requests run at the same time."""
    run = Rounds(serve(workers=4, threads=8))
    yield run
    assert len(run.workers) > 1
    log = run.portal.output()
    assert "Traceback" not in log
    assert "locked" not in log


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def in_json(answers: list[Answer]) -> list[dict[str, str]]:
    """Return the JSON of the successful answers."""
    return [answer.json for answer in answers if answer.status == 200]


@both
def test_a_code_does_one_deed(rounds: Rounds, people: People):
    """A-01, A-02, A-07, C-30, C-32, C-33: from 16 sessions, two requests each."""
    alice = people.person()
    cookies = people.browsers(alice, PARALLEL // 2) * 2
    for number in range(ROUNDS):
        before, code = people.last_event(), alice.code()
        new = [f"alice{number}.{each}@example.org" for each in range(PARALLEL)]
        answers = rounds.send(
            [
                people.new_email(cookie, email, twofactor_code=code)
                for cookie, email in zip(cookies, new, strict=True)
            ]
        )
        assert statuses(answers) == {303: 1, 403: PARALLEL - 1}
        assert people.events(before) == {"code_accepted": 1, "code_reused": PARALLEL - 1}
        [winner] = [e for e, a in zip(new, answers, strict=True) if a.status == 303]
        assert people.email_of(alice) == winner
        assert people.mails().count(CHANGED) == number + 1
        people.clock.advance()


@both
def test_a_code_signs_in_once(rounds: Rounds, people: People):
    """A-02, A-07, A-37, C-30, C-33, C-80: 32 pending sign-ins of one customer."""
    alice = people.person()
    for _ in range(ROUNDS):
        people.end_sessions()
        cookies = people.pending(alice, PARALLEL)
        before, code = people.last_event(), alice.code()
        answers = rounds.send([people.post(SIGN_IN, cookie, code=code) for cookie in cookies])
        assert statuses(answers) == {303: 1, 403: PARALLEL - 1}
        assert people.events(before) == {"code_accepted": 1, "code_reused": PARALLEL - 1}
        assert people.signed_in(alice) == 1
        [winner] = [answer for answer in answers if answer.status == 303]
        losers = [c for c, a in zip(cookies, answers, strict=True) if a.status != 303][:3]
        looks = [Request("GET", "/", cookie=cookie) for cookie in (winner.cookie, *losers)]
        assert [a.status for a in burst(rounds.portal.port, looks)] == [200, 303, 303, 303]
        people.clock.advance()


@both
def test_one_pending_sign_in_is_finished_once(rounds: Rounds, people: People):
    """A-37, C-80: one session, its cookie copied, and two codes that are both right."""
    alice = people.person()
    for _ in range(ROUNDS // 2):
        people.end_sessions()
        people.clock.advance(60)
        [cookie] = people.pending(alice, 1)
        before, codes = people.last_event(), (alice.code(), alice.code(1))
        rounds.send(
            [people.post(SIGN_IN, cookie, code=codes[each % 2]) for each in range(PARALLEL)]
        )
        assert people.events(before)["code_accepted"] == 1
        assert people.signed_in(alice) == 1


@both
def test_a_code_switches_off_once(rounds: Rounds, people: People):
    """A-07, C-33, C-73: one deactivation, one event, one mail; enrolled anew each round."""
    alice = people.person(areas=None)
    for number in range(ROUNDS):
        people.end_sessions()
        people.enrol(alice)
        cookies = people.browsers(alice, PARALLEL // 2) * 2
        before, code = people.last_event(), alice.code()
        answers = rounds.send([people.deactivate(cookie, code) for cookie in cookies])
        assert [done["by"] for done in in_json(answers)] == ["code"]
        assert people.events(before)["code_accepted"] == 1
        assert people.events(before)["deactivated"] == 1
        assert people.mails().count("Two-factor authentication is off") == number + 1
        assert [people.rows(t, alice) for t in ("account", "authenticator", "ticket")] == [0, 0, 0]


@both
def test_a_code_does_one_of_several_things(rounds: Rounds, people: People):
    """A-03, C-32, F-63: guard, sign-in, areas, recovery code, deactivation at once; one is done."""
    alice = people.person(areas=None)
    done = Counter[str]()
    for number in range(ROUNDS):
        people.end_sessions()
        if people.rows("account", alice) == 0:
            people.enrol(alice)
        before, code = people.last_event(), alice.code()
        inside, pending = people.browsers(alice, 16), people.pending(alice, 16)
        requests = [people.post(SIGN_IN, cookie, code=code) for cookie in pending]
        for each, cookie in enumerate(inside):
            email = f"alice{number}.{each}@example.org"
            requests += [
                (
                    people.new_email(cookie, email, twofactor_code=code),
                    people.post(f"{TWOFACTOR}/", cookie, areas=["password"], twofactor_code=code),
                    people.post(f"{TWOFACTOR}/recovery", cookie, code=code),
                    people.deactivate(cookie, code),
                )[each % 4]
            ]
        rounds.send(requests)
        events = people.events(before)
        assert events["code_accepted"] == 1
        [deed] = _deeds(people, events, alice, number)
        done[deed] += 1
        people.clock.advance()
    assert sum(done.values()) == ROUNDS


def _deeds(people: People, events: dict[str, int], alice: Person, number: int) -> list[str]:
    counted = {
        "deactivated": events.get("deactivated", 0),
        "areas": events.get("areas_changed", 0),
        "recovery": sum(
            made.expires_at == int(people.clock()) + 900
            for made in people.kit.store.tickets(alice.key, tickets.RECOVERY, people.clock())
        ),
    }
    if not counted["deactivated"]:
        # Once it is off, the address changes without a code, and all other sessions have ended.
        counted["email"] = int(people.email_of(alice).startswith(f"alice{number}."))
        counted["sign_in"] = people.signed_in(alice) - 16
    return list(Counter(counted).elements())


@both
def test_a_recovery_code_switches_off_once(rounds: Rounds, people: People):
    """A-08, C-57: one deactivation, one event, one mail."""
    alice = people.person(areas=None)
    for number in range(ROUNDS):
        people.end_sessions()
        people.enrol(alice)
        cookies = people.browsers(alice, PARALLEL // 2) * 2
        before = people.last_event()
        answers = rounds.send(
            [people.deactivate(cookie, alice.recovery_code) for cookie in cookies]
        )
        assert [done["by"] for done in in_json(answers)] == ["recovery"]
        events = people.events(before)
        assert (events["recovery_code_used"], events["deactivated"]) == (1, 1)
        assert events.get("recovery_code_wrong", 0) <= 4
        assert len(people.mails()) == 2 * (number + 1)
        assert [people.rows(t, alice) for t in ("account", "authenticator", "ticket")] == [0, 0, 0]
        people.clock.advance(900)


@both
def test_a_recovery_code_signs_in_once(rounds: Rounds, people: People):
    """A-08, C-57, C-80: 32 pending sign-ins of one customer."""
    alice = people.person(areas=None)
    for _ in range(ROUNDS):
        people.end_sessions()
        people.enrol(alice)
        cookies = people.pending(alice, PARALLEL)
        before = people.last_event()
        answers = rounds.send(
            [people.post(SIGN_IN, cookie, code=alice.recovery_code) for cookie in cookies]
        )
        inside = [a for a in answers if (a.location or "").startswith(f"{TWOFACTOR}/activate?")]
        assert len(inside) == 1
        assert people.signed_in(alice) == 1
        events = people.events(before)
        assert (events["recovery_code_used"], events["deactivated"]) == (1, 1)
        people.clock.advance(900)


@both
def test_a_pass_serves_one_retry(rounds: Rounds, people: People):
    """A-58, A-63, C-94: the form came back once; 32 retries of it with one cookie."""
    alice = people.person()
    bob_has = people.email_of(people.person("bob", areas=None))
    [cookie] = people.browsers(alice, 1)
    for number in range(ROUNDS):
        before = people.last_event()
        # Only after the code is it told that an address is taken.
        first = people.new_email(cookie, bob_has, twofactor_code=alice.code())
        [back] = burst(rounds.portal.port, [first])
        assert back.status == 200
        assert len(people.kit.store.tickets(alice.key, tickets.PASS, people.clock())) == 1
        answers = rounds.send(
            [
                people.new_email(cookie, f"alice{number}.{each}@example.org")
                for each in range(PARALLEL)
            ]
        )
        assert statuses(answers) == {303: 1, 403: PARALLEL - 1}
        assert people.mails().count(CHANGED) == number + 1
        assert people.events(before) == {"code_accepted": 1}
        people.clock.advance()


@both
def test_a_ticket_activates_once(rounds: Rounds, people: People):
    """A-03, C-34, C-67: 32 times the first code of one unfinished enrolment."""
    alice = people.person(areas=None)
    for number in range(ROUNDS):
        people.end_sessions()
        mark = {tickets.ENROLMENT: people.begin(alice)}
        [cookie] = people.browsers(alice, 1, [mark])
        before, code = people.last_event(), alice.code()
        answers = rounds.send(
            [people.post(f"{TWOFACTOR}/activate", cookie, code=code) for _ in range(PARALLEL)]
        )
        assert 303 in statuses(answers)
        assert people.events(before) == {"activated": 1}
        assert [people.rows(t, alice) for t in ("account", "authenticator")] == [1, 1]
        assert people.mails().count("Two-factor authentication is on") == number + 1
        people.kit.store.run(lambda tx: tx.remove_account(alice.key))
        people.clock.advance()


def test_the_requests_are_those_of_a_browser(people: People, client):
    """The requests of these tests are those that a browser sends."""
    from tests.support.enrol import sign_in
    from tests.support.forms import find_form

    alice = people.person()
    page = sign_in(client, "alice", "plum-coffee-lantern-42", follow_redirects=True)
    assert page.request.path == SIGN_IN
    assert {"csrf_token", "code"} <= find_form(page.text, "code").names
    [cookie] = people.browsers(alice, 1)
    client.set_cookie("portal_session", cookie)
    email = client.get(EMAIL_FORM)
    assert {"csrf_token", "current_password", "email"} <= find_form(email.text, "email").names
    off = client.get(DEACTIVATE)
    assert {"csrf_token", "code", "password"} <= find_form(off.text, "code").names
