"""Passkeys on several workers: an answer does one deed, a device has one row."""

import json
from collections import Counter
from typing import Any

import pytest

from portal.twofactor.core.answers import Code, Registration
from portal.twofactor.methods import registry
from portal.twofactor.methods.base import Naming
from portal.twofactor.service import authenticators, enrolment, tickets
from portal.twofactor.service.judging.terms import terms_of
from portal.twofactor.testing import Device
from tests.support.burst import Answer, Request, burst
from tests.support.databases import both
from tests.support.gunicorn import Gunicorn

from .conftest import Serve
from .counted import AREA, COUNTED
from .people import ALL, SIGN_IN, TWOFACTOR, People, Person

pytestmark = pytest.mark.slow

ROUNDS = 3
AT_ONCE = 20
RP_ID, ORIGIN = "localhost", "http://localhost"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"TWOFACTOR_RP_ID": RP_ID, "TWOFACTOR_ORIGINS": [ORIGIN]}


@pytest.fixture
def portal(serve: Serve) -> Gunicorn:
    return serve(workers=2, threads=10)


def send(portal: Gunicorn, requests: list[Request]) -> list[Answer]:
    """Send all at once; nobody is told of a fault, and both workers answer."""
    answers = burst(portal.port, requests)
    statuses = Counter(answer.status for answer in answers)
    assert not {0, 500, 502, 503} & statuses.keys(), (statuses, portal.output()[-2000:])
    assert "Traceback" not in portal.output()
    return answers


def made(people: People, device: Device, secret: bytes) -> dict[str, Any]:
    """The device's registration for an unfinished enrolment."""
    naming = Naming("Shop", "alice", 300)
    shown = registry.passkeys().setup(secret, naming, terms_of(people.kit))
    return device.create(shown.options)


def activation(people: People, person: Person) -> tuple[str, bytes]:
    """Begin an activation with a passkey; return the ticket's id and the secret."""
    who = people.subject(person)
    begun = enrolment.begin(people.kit, who, frozenset(ALL), kind=registry.PASSKEY)
    return begun, enrolment.resume(people.kit, who, begun).secret


def addition(people: People, person: Person, code: Code) -> tuple[str, bytes]:
    """Begin to add a passkey; return as `activation`."""
    who = people.subject(person)
    begun = authenticators.begin(people.kit, who, code, "", registry.PASSKEY)
    return begun, authenticators.resume(people.kit, who, begun).secret


def enrolled(people: People, name: str = "alice") -> tuple[Person, Device]:
    """A customer who turned two-factor authentication on with a passkey."""
    person, device = people.person(name, areas=None), Device(RP_ID, ORIGIN)
    begun, secret = activation(people, person)
    registration = Registration.read(made(people, device, secret))
    enrolment.confirm(people.kit, people.subject(person), begun, registration)
    return person, device


def answer(
    portal: Gunicorn, people: People, cookie: str, device: Device, **asked: str
) -> tuple[str, str]:
    """The device's answer to a fresh challenge, and the session's cookie after it."""
    [options] = burst(portal.port, [people.post(f"{TWOFACTOR}/passkey", cookie, **asked)])
    assert options.status == 200, options.text
    return json.dumps(device.get(options.json["publicKey"])), options.cookie or cookie


@both
def test_an_answer_does_one_deed(portal: Gunicorn, people: People):
    """WA-02, W-26: twenty at once, from one session."""
    alice, device = enrolled(people)
    [cookie] = people.browsers(alice, 1)
    for number in range(ROUNDS):
        given, cookie = answer(portal, people, cookie, device, area=AREA, address=COUNTED)
        before = people.last_event()
        new = [f"alice{number}.{each}@example.org" for each in range(AT_ONCE)]
        requests = [people.new_email(cookie, each, twofactor_passkey=given) for each in new]
        answers = send(portal, requests)
        assert Counter(each.status for each in answers) == {303: 1, 403: AT_ONCE - 1}
        assert people.events(before) == {"passkey_accepted": 1}
        [winner] = [e for e, a in zip(new, answers, strict=True) if a.status == 303]
        assert people.email_of(alice) == winner


@both
def test_an_answer_signs_in_once(portal: Gunicorn, people: People):
    """WA-02, W-26: one pending sign-in, its cookie copied."""
    alice, device = enrolled(people)
    [cookie] = people.pending(alice, 1)
    given, cookie = answer(portal, people, cookie, device)
    before = people.last_event()
    send(portal, [people.post(SIGN_IN, cookie, passkey=given) for _ in range(AT_ONCE)])
    assert people.events(before)["passkey_accepted"] == 1
    assert people.signed_in(alice) == 1


@both
@pytest.mark.parametrize("step", ["activation", "another"])
def test_a_device_has_one_row(portal: Gunicorn, people: People, step: str):
    """W-13, WA-35: two customers register one device at once, each form sent ten times."""
    apart = [people.person(name, areas=None) for name in ("alice", "bob")]
    device, requests = Device(RP_ID, ORIGIN), list[Request]()
    for person in apart:
        if step == "activation":
            kind, path = tickets.ENROLMENT, f"{TWOFACTOR}/activate"
            begun, secret = activation(people, person)
        else:
            people.enrol(person)
            kind, path = tickets.AUTHENTICATOR, f"{TWOFACTOR}/authenticators/new"
            begun, secret = addition(people, person, Code(person.code()))
        [cookie] = people.browsers(person, 1, [{kind: begun}])
        given = json.dumps(made(people, device, secret))
        requests += [people.post(path, cookie, passkey=given)] * (AT_ONCE // 2)
    before = people.last_event()
    answers = send(portal, requests[::2] + requests[1::2])
    apps = 0 if step == "activation" else 1
    rows = sorted(people.rows("authenticator", person) for person in apart)
    assert rows == [apps, apps + 1]
    assert sorted(people.rows("account", person) for person in apart) == [apps, 1]
    assert sum(people.events(before).values()) == 1
    # A form whose twin has activated comes with a session that ended then (400).
    statuses = Counter(each.status for each in answers)
    assert statuses[303] >= 1
    assert statuses[403] == AT_ONCE // 2
