"""The fixture for the tests of hosts that take passkeys."""

import pytest

from portal.twofactor import Refusal, SetupError
from portal.twofactor.testing import twofactor_testing
from tests.twofactor.host import PASSWORD
from tests.twofactor.test_testing import app, kit, user_of

__all__ = ["app", "kit", "twofactor_testing"]

NOTE = {"text": "1"}


@pytest.fixture
def config():
    return {"TWOFACTOR_RP_ID": "shop.example"}


@pytest.fixture
def passkey(kit, alice, host):
    with host.app_context():
        return kit.enrol_passkey(user_of(alice))


def test_a_deed_takes_one_line_more(passkey, alice):
    """W-59"""
    assert alice.client.post("/note", data=NOTE).status_code == 403
    for method in ("post", "put"):
        answer = passkey.answer(alice.client, "note", "/note", method.upper())
        data = NOTE | {"twofactor_passkey": answer}
        assert getattr(alice.client, method)("/note", data=data).status_code == 303
    header = {"X-Twofactor-Passkey": passkey.header(alice.client, "note", "/note")}
    assert alice.client.post("/note", data=NOTE, headers=header).status_code == 303
    assert len(alice.app.deeds) == 3


def test_a_sign_in_is_finished_in_one_call(passkey, alice):
    """W-59"""
    other = alice.other_browser()
    assert other.sign_in().location == "/two-factor/sign-in"
    assert passkey.sign_in(other.client).location == "/"
    assert other.client.get("/").text == "home"
    with pytest.raises(AssertionError, match="no challenge for a passkey here"):
        passkey.sign_in(other.client)


def test_both_passkeys_of_a_user_answer(kit, passkey, alice, host):
    with host.app_context():
        added = kit.add_passkey(user_of(alice), algorithm=-8, count=1)
    assert (added.handle, added.recovery_code) == (passkey.handle, "")
    for each in (passkey, added):
        answer = each.answer(alice.client, "note", "/note")
        data = NOTE | {"twofactor_passkey": answer}
        assert alice.client.post("/note", data=data).status_code == 303


WRONG = {
    "origin": lambda passkey: setattr(passkey, "origin", "https://shop.example.evil"),
    "rp_id": lambda passkey: setattr(passkey, "rp_id", "evil.example"),
    "present": lambda passkey: setattr(passkey, "present", False),
    "handle": lambda passkey: setattr(passkey, "handle", bytes(32)),
    "client_data": lambda passkey: passkey.client_data(topOrigin="https://evil.example"),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_what_must_be_refused_can_be_sent(passkey, alice, change):
    change(passkey)
    data = NOTE | {"twofactor_passkey": passkey.answer(alice.client, "note", "/note")}
    assert alice.client.post("/note", data=data).status_code == 403
    assert alice.app.deeds == []


def test_the_recovery_code_is_the_way_out(passkey, alice):
    given = {"code": passkey.recovery_code, "password": PASSWORD}
    assert alice.post("/deactivate", given).status_code == 303
    assert alice.client.post("/note", data=NOTE).status_code == 303


def test_impossible_requests_are_reported(kit, alice, host):
    with host.app_context():
        with pytest.raises(Refusal):
            kit.add_passkey(user_of(alice))
        kit.enrol_passkey(user_of(alice), ["note"])
        with pytest.raises(Refusal, match="two-factor authentication is on"):
            kit.enrol_passkey(user_of(alice))
        passkey = kit.add_passkey(user_of(alice))
    with pytest.raises(AssertionError, match="no challenge"):
        passkey.answer(host.test_client(), "note", "/note")


class TestWithoutADomain:
    @pytest.fixture
    def config(self):
        return {}

    def test_the_setting_is_named(self, kit, alice, host):
        with host.app_context(), pytest.raises(SetupError, match="TWOFACTOR_RP_ID"):
            kit.enrol_passkey(user_of(alice))


class TestBelowAPrefix:
    @pytest.fixture
    def config(self):
        return {"TWOFACTOR_RP_ID": "shop.example", "APPLICATION_ROOT": "/shop"}

    def test_addresses_are_those_that_the_client_is_given(self, passkey, alice):
        answer = passkey.answer(alice.client, "note", "/note")
        data = NOTE | {"twofactor_passkey": answer}
        assert alice.client.post("/note", data=data).status_code == 303
        other = alice.other_browser()
        other.sign_in()
        assert passkey.sign_in(other.client).location == "/shop/"
