"""A changed credential ends all that others begin with the old one at the same moment.

Four workers and a database server. In each round the change and the competing requests are sent at
one moment, so that these are written before, during and after the change.
"""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from portal.account import service
from portal.extensions import db
from portal.models import Customer
from portal.twofactor.service import tickets
from tests.support.burst import Answer, Request, burst
from tests.support.databases import servers
from tests.support.gunicorn import Gunicorn
from tests.support.mail import last_link
from tests.support.rounds import rounds

from .conftest import Serve
from .people import CONFIRM, PASSWORD, SIGN_IN, TWOFACTOR, People, Person

pytestmark = [pytest.mark.slow, servers]

CHANGES = rounds(12)
BESIDE = 8
CHOOSE = "/reset/choose"
TRUST = "twofactor_trust"


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings for many sign-ins from one address and for trusted browsers."""
    return {"ADDRESS_FAILURES": 0, "EMAIL_LINKS": 0, "TWOFACTOR_TRUST_SECONDS": 86_400}


@pytest.fixture
def portal(serve: Serve) -> Gunicorn:
    """A portal with a higher hash cost than this process, so that each sign-in re-hashes."""
    return serve(
        workers=4, threads=2, PASSWORD_COST=6, ADDRESS_FAILURES=0, TWOFACTOR_TRUST_SECONDS=86_400
    )


def together(portal: Gunicorn, people: People, change: Any, beside: list[Request]) -> list[Answer]:
    """Send the change and the others at one moment; return the answers, the change's first.

    A change that is a function runs in a thread of this process.
    """
    place = random.Random(people.clock()).randint(0, len(beside))
    if isinstance(change, Request):
        answers = burst(portal.port, [*beside[:place], change, *beside[place:]])
        answers.insert(0, answers.pop(place))
    else:
        with ThreadPoolExecutor(1) as elsewhere:
            changed = elsewhere.submit(_within, people, change)
            answers = burst(portal.port, beside)
            changed.result()
    assert not {0, 500, 502, 503} & {answer.status for answer in answers}, portal.output()[-3000:]
    return answers


def _within(people: People, change: Callable[[], None]) -> None:
    with people.app.app_context():
        change()


def sign_ins(people: People, person: Person, password: str, **more: str) -> list[Request]:
    """Requests that sign in with a password."""
    nobody = people.browsers(None, BESIDE)
    data = {"identity": person.name, "password": password, **more}
    return [people.post("/login", cookie, **data) for cookie in nobody]


def password_form(people: People, person: Person, old: str, new: str) -> Request:
    [cookie] = people.browsers(person, 1)
    data = {"current_password": old, "new_password": new, "repeat_password": new}
    return people.post("/security/password", cookie, **data)


def set_password(person: Person, new: str) -> Callable[[], None]:
    """Return a function that sets a password as the operator's command does."""

    def change() -> None:
        customer = db.session.get(Customer, person.id)
        assert customer is not None
        service.change_password(customer, new, proved=True)

    return change


def opened(portal: Gunicorn, people: People, person: Person) -> str:
    """The cookie of a browser that opened the link for a forgotten password."""
    [nobody] = people.browsers(None, 1)
    email = people.email_of(person)
    assert burst(portal.port, [people.post("/forgot", nobody, email=email)])[0].status == 200
    [there] = burst(portal.port, [Request("GET", last_link(people.app), cookie=nobody)])
    assert there.location == CHOOSE
    return there.cookie


def reset_form(people: People, cookie: str, new: str) -> Request:
    return people.post(CHOOSE, cookie, new_password=new, repeat_password=new)


def alive(portal: Gunicorn, answers: list[Answer]) -> list[Answer]:
    """Return the answers whose session opens the overview."""
    looked = [Request("GET", "/", cookie=each.cookie) for each in answers if each.cookie]
    return [answer for answer in burst(portal.port, looked) if answer.status == 200]


def let_in(portal: Gunicorn, people: People, person: Person, password: str) -> bool:
    return bool(alive(portal, burst(portal.port, sign_ins(people, person, password)[:1])))


def confirmation(portal: Gunicorn, people: People, link: str) -> Request:
    """The request of a browser that opened the link for a new address."""
    [nobody] = people.browsers(None, 1)
    [there] = burst(portal.port, [Request("GET", link, cookie=nobody)])
    assert there.location == CONFIRM
    return people.post(CONFIRM, there.cookie)


@pytest.mark.parametrize("how", ["password", "reset", "set-password"])
def test_no_session_of_the_old_password_lives_on(portal: Gunicorn, people: People, how: str):
    """F-05, F-06: sign-ins with the old password against each change; each also hashes anew."""
    alice = people.person(areas=None)
    signed_in, old = 0, PASSWORD
    for number in range(CHANGES):
        new = f"plum-coffee-lantern-x{number}"
        change: Any = set_password(alice, new)
        if how == "password":
            change = password_form(people, alice, old, new)
        elif how == "reset":
            change = reset_form(people, opened(portal, people, alice), new)
        answers = together(portal, people, change, sign_ins(people, alice, old))
        if how != "set-password":
            done = answers.pop(0)
            assert done.location == ("/security/" if how == "password" else "/login")
        inside = [answer for answer in answers if answer.location == "/"]
        signed_in += len(inside)
        assert alive(portal, inside) == []
        people.clock.advance()
        old = new
        if number == CHANGES - 1:
            assert let_in(portal, people, alice, new)
            assert not let_in(portal, people, alice, PASSWORD)
    assert signed_in > CHANGES, "the race was none"


def test_no_session_of_before_the_activation_lives_on(portal: Gunicorn, people: People):
    """F-05: a session without a code ends, since it began before codes were required."""
    alice = people.person(areas=None)
    signed_in = 0
    for _ in range(CHANGES):
        mark = {tickets.ENROLMENT: people.begin(alice)}
        [owner] = people.browsers(alice, 1, [mark])
        change = people.post(f"{TWOFACTOR}/activate", owner, code=alice.code())
        done, *answers = together(portal, people, change, sign_ins(people, alice, PASSWORD))
        assert done.status == 303
        assert people.rows("account", alice) == 1
        inside = [answer for answer in answers if answer.location == "/"]
        signed_in += len(inside)
        assert alive(portal, inside) == []
        assert len(alive(portal, [done])) == 1, "the session that made the change goes on"
        people.kit.store.run(lambda tx: tx.remove_account(alice.key))
        people.clock.advance()
    assert signed_in > CHANGES // 2, "the race was none"


def test_an_activation_begun_before_the_new_password_fails(portal: Gunicorn, people: People):
    """F-05: an activation that loses the race against the new password changes nothing."""
    alice = people.person(areas=None)
    old, outcomes = PASSWORD, set()
    for number in range(CHANGES):
        new = f"plum-coffee-lantern-x{number}"
        mark = {tickets.ENROLMENT: people.begin(alice)}
        [owner] = people.browsers(alice, 1, [mark])
        activation = people.post(f"{TWOFACTOR}/activate", owner, code=alice.code())
        done, _ = together(portal, people, password_form(people, alice, old, new), [activation])
        changed, on = done.location == "/security/", people.rows("account", alice) == 1
        assert changed != on
        outcomes.add(changed)
        old = new if changed else old
        people.kit.store.run(lambda tx: tx.remove_account(alice.key))
        people.clock.advance()
    assert outcomes, "one of both"


def test_no_pending_sign_in_of_the_old_password_lives_on(portal: Gunicorn, people: People):
    """F-05: a sign-in begun with the old password can't take the second step."""
    alice = people.person(areas=["sign_in"])
    begun, old = 0, PASSWORD
    for number in range(CHANGES):
        new = f"plum-coffee-lantern-x{number}"
        answers = together(portal, people, set_password(alice, new), sign_ins(people, alice, old))
        pending = [answer.cookie for answer in answers if answer.location == SIGN_IN]
        begun += len(pending)
        for cookie in pending[:3]:
            page = Request("GET", SIGN_IN, cookie=cookie)
            [asked] = burst(portal.port, [page])
            if asked.status == 200:
                csrf = asked.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
                second = Request(
                    "POST", SIGN_IN, {"csrf_token": csrf, "code": alice.code()}, cookie
                )
                [answer] = burst(portal.port, [second])
                assert alive(portal, [answer]) == []
                assert answer.location != "/"
                people.clock.advance()
        old = new
        people.clock.advance()
    assert begun > CHANGES, "the race was none"


def test_no_browser_is_trusted_on_the_old_password(portal: Gunicorn, people: People):
    """F-05: a browser trusted at the moment of the change is asked for a code afterwards."""
    alice = people.person(areas=["sign_in"])
    trusted = 0
    for number in range(CHANGES):
        new = f"plum-coffee-lantern-x{number}"
        [half_in] = people.pending(alice, 1)
        second = people.post(SIGN_IN, half_in, code=alice.code(), trust="yes")
        [answer] = together(portal, people, set_password(alice, new), [second])
        for trust in [f"{name}={value}" for name, value in answer.cookies.items() if TRUST in name]:
            trusted += 1
            assert alive(portal, [answer]) == []
            [request] = sign_ins(people, alice, new)[:1]
            cookies = f"portal_session={request.cookie}; {trust}"
            request = Request("POST", "/login", request.data, headers={"Cookie": cookies})
            [again] = burst(portal.port, [request])
            assert again.location == SIGN_IN
        people.clock.advance()
    assert trusted, "the race was none"


def test_only_one_of_a_link_and_a_new_address_succeeds(portal: Gunicorn, people: People):
    """F-02, F-05: each is bound to what the other changes, so only the first of both succeeds."""
    alice = people.person(areas=None)
    old, done = PASSWORD, []
    for number in range(CHANGES):
        new = f"plum-coffee-lantern-x{number}"
        email = f"alice{number}@example.org"
        change = confirmation(portal, people, people.wants(alice, email))
        cookie = opened(portal, people, alice)
        resets = [reset_form(people, cookie, new)] * 3
        answers = together(portal, people, change, resets)
        moved = people.email_of(alice) == email
        used = [answer for answer in answers[1:] if answer.location == "/login"]
        assert (answers[0].location == "/security/") == moved
        assert len(used) == (0 if moved else 1)
        old = old if moved else new
        assert let_in(portal, people, alice, old)
        [dead] = burst(portal.port, [Request("GET", CHOOSE, cookie=cookie)])
        assert dead.location == "/forgot"
        done.append(moved)
        people.clock.advance()
    assert done


def test_a_link_is_opened_by_one(portal: Gunicorn, people: People):
    """F-20: eight browsers at one moment get one ticket."""
    alice = people.person(areas=None)
    for _ in range(10):
        [nobody] = people.browsers(None, 1)
        burst(portal.port, [people.post("/forgot", nobody, email=people.email_of(alice))])
        link = last_link(people.app)
        answers = burst(
            portal.port, [Request("GET", link, cookie=each) for each in people.browsers(None, 8)]
        )
        assert sorted(answer.location for answer in answers) == ["/forgot"] * 7 + [CHOOSE]
        people.clock.advance()


def test_only_one_of_links_requested_at_once_works(portal: Gunicorn, people: People):
    """F-16: a customer has one link, even if eight are requested at one moment."""
    alice = people.person(areas=None)
    for _ in range(10):
        asked = [
            people.post("/forgot", each, email="alice@example.org")
            for each in people.browsers(None, 8)
        ]
        answers = burst(portal.port, asked)
        assert {answer.status for answer in answers} == {200}
        with db.engine.connect() as connection:
            count = "SELECT count(*) FROM password_reset WHERE customer_id = :id"
            found = connection.execute(db.text(count), {"id": alice.id}).scalar()
        assert found == 1
        people.clock.advance()
