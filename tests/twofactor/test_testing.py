"""The fixture for the tests of hosts."""

import subprocess
import sys
import time

import pytest

from portal.twofactor import Refusal, SetupError
from portal.twofactor.app.state import state_of
from portal.twofactor.testing import TwoFactorTesting, twofactor_testing

from .person import Person

__all__ = ["twofactor_testing"]


@pytest.fixture
def app(host):
    return host


@pytest.fixture
def kit(twofactor_testing):
    return twofactor_testing


def user_of(person):
    return person.app.db.session.get(person.app.User, person.id)


def test_a_user_with_a_second_factor_in_one_call(kit, alice, host):
    with host.app_context():
        phone = kit.enrol(user_of(alice), ["note"])
    assert alice.client.post("/note", data={"text": "1"}).status_code == 403
    for _ in range(3):
        data = {"text": "1", "twofactor_code": phone.code()}
        assert alice.client.post("/note", data=data).status_code == 303
    wrong = {"text": "1", "twofactor_code": phone.wrong_code()}
    assert alice.client.post("/note", data=wrong).status_code == 403
    assert alice.client.get("/vault").status_code == 200


def test_the_clock_moves_by_hand(kit, alice, host):
    with host.app_context():
        phone = kit.enrol(user_of(alice))
    alice.client.get("/vault", headers={"X-Twofactor-Code": phone.code()})
    assert alice.client.get("/vault").status_code == 200
    kit.clock.advance(301)
    assert alice.client.get("/vault").status_code == 403


def test_a_sign_in_is_finished_in_one_call(kit, alice, host):
    with host.app_context():
        phone = kit.enrol(user_of(alice))
    other = alice.other_browser()
    assert other.sign_in().location == "/two-factor/sign-in"
    assert kit.second_step(other.client, phone).location == "/"
    assert other.client.get("/").text == "home"
    with pytest.raises(AssertionError, match="give the password first"):
        kit.second_step(other.client, phone)


def test_the_areas_are_those_that_the_user_may_choose(kit, host, clock):
    guest, chief = Person(host, clock, "guest"), Person(host, clock, "chief")
    with host.app_context():
        kit.enrol(user_of(guest))
        assert host.twofactor.areas_of(user_of(guest)) == ("note", "staff")
        kit.enrol(user_of(chief), [])
        assert host.twofactor.areas_of(user_of(chief)) == ("sign_in", "note", "staff")


def test_impossible_requests_are_reported(kit, host, clock):
    guest = Person(host, clock, "guest")
    with host.app_context():
        with pytest.raises(SetupError, match="unknown area 'nothing'"):
            kit.enrol(user_of(guest), ["nothing"])
        with pytest.raises(SetupError, match="'vault' is not on offer for this user"):
            kit.enrol(user_of(guest), ["vault"])
        kit.enrol(user_of(guest))
        with pytest.raises(Refusal, match="two-factor authentication is on"):
            kit.enrol(user_of(guest))


def test_the_application_is_as_before_afterwards(host):
    before = state_of(host)
    kit = TwoFactorTesting(host)
    assert state_of(host).kit.clock is kit.clock
    assert abs(kit.clock() - time.time()) < 60
    kit.restore()
    assert state_of(host) is before


def test_the_kit_is_there_without_pytest():
    """F-99: only the fixture needs it."""
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "from portal.twofactor import testing\n"
        "print(sorted(testing.__all__), hasattr(testing, 'twofactor_testing'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = ["Clock", "Device", "Passkey", "Phone", "TwoFactorTesting"]
    assert done.stdout.strip() == f"{names} False"
