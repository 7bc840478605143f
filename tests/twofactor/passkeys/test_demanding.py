"""Areas that demand a passkey (PASSKEYS section 10)."""

import json

import pytest

from portal.twofactor import TwoFactor
from tests.twofactor import host as hosts
from tests.twofactor.person import MOUNT

from .holder import ORIGIN, RP_ID, Holder

pytestmark = pytest.mark.thorough


@pytest.fixture
def needs():
    return "passkey"


@pytest.fixture
def demanding_host(tmp_path, clock, database, monkeypatch, needs):
    """The host, whose notes demand a passkey."""
    named = TwoFactor.area

    def area(self, key, *args, **options):
        return named(self, key, *args, **options, **({"needs": needs} if key == "note" else {}))

    monkeypatch.setattr(TwoFactor, "area", area)
    host = hosts.make_host(
        database, tmp_path, clock, TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_ORIGINS=[ORIGIN]
    )
    yield host
    with host.app_context():
        host.db.session.remove()
        host.db.engine.dispose()


@pytest.fixture
def eve(demanding_host, clock):
    person = Holder(demanding_host, clock, "eve")
    person.sign_in()
    return person


def test_a_code_is_neither_judged_nor_used_up(eve, clock, demanding_host):
    """W-49, WA-23: a right code does nothing there, and is good elsewhere."""
    eve.enrol_passkey()
    begun = eve.program(
        "/authenticators/new",
        {
            "name": "Phone",
            "password": hosts.PASSWORD,
            "passkey": eve.answer_for("authenticators", f"{MOUNT}/authenticators/new"),
        },
    )
    eve.secret = begun["secret"].replace(" ", "")
    eve.program("/authenticators/new", {"code": eve.code()})
    clock.advance(30)
    code = eve.code()
    refused = eve.client.post("/note", data={"text": "1", "twofactor_code": code})
    assert refused.status_code == 403
    assert "This needs a passkey" in refused.text
    assert demanding_host.deeds == []
    paid = eve.client.post("/pay", data={"amount": "101", "twofactor_code": code})
    assert paid.status_code == 303
    assert eve.deed().status_code == 303


def test_a_young_passkey_waits(eve, clock, demanding_host):
    """W-50, WA-22: one that was added with a code counts a day later."""
    eve.enrol(areas=["payment"])
    device = eve.add({"code": eve.code()})
    account = eve.program("/", {"areas": ["payment", "note"]}, 403)
    assert account["error"]
    clock.advance(86_400)
    eve.program("/", {"areas": ["payment", "note"]})
    assert eve.deed(device=device).status_code == 303


def test_one_added_with_a_passkey_does_not_wait(eve, clock, demanding_host):
    """W-50"""
    eve.enrol_passkey()
    answer = {"passkey": eve.answer_for("authenticators", f"{MOUNT}/authenticators/new")}
    second = eve.add(answer)
    assert eve.deed(device=second).status_code == 303


@pytest.mark.parametrize("needs", ["verified_passkey"])
def test_verified(eve, demanding_host):
    """W-07, W-49"""
    eve.enrol_passkey()
    eve.device.verified = False
    assert eve.deed().status_code == 403
    eve.device.verified = True
    assert eve.deed().status_code == 303
    assert eve.options("note", "/note")["publicKey"]["userVerification"] == "required"


def test_it_cannot_be_chosen_without_one(eve):
    """W-49: with an app alone the wizard and the settings refuse it."""
    body = {"password": hosts.PASSWORD, "areas": ["note"], "kind": "app"}
    assert "passkey" in eve.program("/activate", body, 403)["message"]
    eve.enrol(areas=["payment"])
    assert "passkey" in eve.program("/", {"areas": ["payment", "note"]}, 403)["message"]


def test_the_last_one_stays_while_an_area_demands_it(eve):
    """W-42, WA-34"""
    eve.enrol_passkey()
    program = {"Accept": "application/json"}
    begun = eve.program(
        "/authenticators/new",
        {
            "name": "Phone",
            "password": hosts.PASSWORD,
            "passkey": eve.answer_for("authenticators", f"{MOUNT}/authenticators/new"),
        },
    )
    eve.secret = begun["secret"].replace(" ", "")
    eve.program("/authenticators/new", {"code": eve.code()})
    eve.clock.advance(30)
    listed = eve.client.get(f"{MOUNT}/", headers=program).get_json()["authenticators"]
    number = next(each["authenticator"] for each in listed if each["kind"] == "passkey")
    path = f"/authenticators/{number}/remove"
    body = {"code": eve.code(), "password": hosts.PASSWORD}
    assert "passkey" in eve.program(path, body, 403)["message"]
    assert json.dumps(listed)
