"""A passkey that has answered from another device, came too late, or is of another address."""

import html
import json

import pytest

from portal.twofactor.core.relying_party import RelyingParty
from portal.twofactor.methods import registry
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT

from .holder import NEW, ORIGIN, RP_ID, Device
from .test_alone import options_of
from .test_demanding import take_recovery_code
from .test_everywhere import asked
from .test_operating import move, page

pytestmark = pytest.mark.thorough
OFFER = "Add a passkey on this device?"
# Of a browser that asks a phone beside it, and of one that asks a key in its socket.
PHONE, KEY = ("hybrid",), ("usb",)


@pytest.fixture
def config(config):
    return config | {"TWOFACTOR_PASSKEY_SIGN_IN": True}


def alone(person):
    options = options_of(person)
    data = {"passkey": json.dumps(person.device.get(options["publicKey"])), "alone": "yes"}
    return send(person, data | {"csrf_token": options["csrf_token"]})


def after_the_password(person):
    assert person.sign_in().location == f"{MOUNT}/sign-in"
    options = person.program("/passkey", {})
    data = {"passkey": json.dumps(person.device.get(options["publicKey"]))}
    return send(person, data | {"csrf_token": options["csrf_token"]})


def send(person, data):
    done = person.client.post(f"{MOUNT}/sign-in", data=data)
    assert done.status_code == 303, done.text
    return done


@pytest.mark.parametrize("sign_in", [alone, after_the_password])
def test_one_is_offered_for_this_device(holder, statements, sign_in):
    """W-61: on one page after the sign-in, with the way to add it and back; then never again."""
    holder.device.transports = PHONE
    other = holder.other_browser()
    sign_in(other)
    shown = other.client.get(f"{MOUNT}/").text
    assert OFFER in shown
    way = f"{NEW}?kind=passkey&next={MOUNT}/"
    assert f'href="{html.escape(way)}"' in shown
    # The form of that page is sent without the query, so its passkey must be asked for so.
    assert asked(other.client.get(way).text)["body"]["address"] == NEW
    statements.clear()
    assert OFFER not in other.client.get(f"{MOUNT}/").text
    without = list(statements)
    other.client.post("/logout")
    sign_in(other)
    statements.clear()
    assert OFFER not in other.client.get(f"{MOUNT}/").text
    assert list(statements) == without


def test_nobody_else_is_asked(holder, host, monkeypatch):
    """W-61: not after this device's own answer, nor a plugged-in key's, nor a program's sign-in."""
    key = holder.add(transports=KEY, syncable=False, synced=False)
    for device in (holder.device, key):
        other = holder.other_browser()
        other.device = device
        alone(other)
        assert OFFER not in other.client.get(f"{MOUNT}/").text
    holder.device.transports = PHONE
    program = holder.other_browser()
    body = {"passkey": holder.device.get(options_of(program)["publicKey"]), "alone": "yes"}
    program.program("/sign-in", body)
    assert OFFER not in program.client.get(f"{MOUNT}/").text
    monkeypatch.setattr(registry.passkeys(), "most", 2)
    full = holder.other_browser()
    alone(full)
    assert OFFER not in full.client.get(f"{MOUNT}/").text


def test_a_passkey_that_was_made_too_late(ada, clock, beside):
    """It names the passkey on the device, not an app that the person may not have."""
    words = "Delete the new passkey from your device, then start again."
    body = {"password": PASSWORD, "areas": ["note"], "kind": "passkey"}
    made = Device(RP_ID, ORIGIN).create(ada.program("/activate", body)["publicKey"])
    clock.advance(901)
    late = {"passkey": json.dumps(made), "saved": "yes"}
    assert words in ada.program("/activate", late, 403)["message"]
    ada.enrol_passkey(["sign_in"])
    fresh = Device(RP_ID, ORIGIN).create(ada.begin()["publicKey"])
    clock.advance(901)
    assert words in ada.program("/authenticators/new", {"passkey": fresh}, 403)["message"]
    other = ada.at(beside(TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_ORIGINS=[ORIGIN]))
    other.sign_in()
    answer = other.device.get(other.program("/passkey", {})["publicKey"])
    clock.advance(601)
    told = other.program("/sign-in", {"passkey": answer}, 403)
    assert told["message"] == "You took too long to use your passkey. Sign in again."


def test_a_sign_in_whose_passkeys_are_of_another_address(holder, host):
    """W-54: no button that can't work, no field for a code that nobody has, but a way out."""
    other = holder.other_browser()
    other.sign_in()
    assert "data-twofactor-passkey" in page(other, "/sign-in")
    for party in (None, RelyingParty("portal.example", ("https://portal.example",))):
        move(host, party)
        shown = html.unescape(page(other, "/sign-in"))
        assert "Your passkeys don't work here any more. Use your recovery code." in shown
        assert "use=recovery" in shown
        assert f'action="{MOUNT}/sign-in/cancel"' in shown, "Cancel is in a form of its own"
        assert 'name="code"' not in shown
        assert "data-twofactor-passkey" not in shown
    take_recovery_code(host)
    shown = html.unescape(page(other, "/sign-in"))
    assert "Your passkeys don't work here any more. Contact us." in shown
    assert "Use your recovery code" not in shown


def test_without_scripts_nobody_reads_of_a_recovery_code_that_is_not_there(holder, host):
    other = holder.other_browser()
    other.sign_in()
    assert "Passkeys need JavaScript. Use your recovery code." in page(other, "/sign-in")
    take_recovery_code(host)
    shown = page(other, "/sign-in")
    assert "Passkeys need JavaScript.<" in shown
    assert "se your recovery code" not in shown


def test_the_title_says_how_an_area_without_a_deed_is_opened(ada):
    """W-58"""
    ada.enrol_passkey()
    assert "Use a passkey for: Notes</h1>" in ada.client.post("/note", data={"text": "1"}).text
    begun = ada.program(
        "/authenticators/new",
        {"name": "Phone", "kind": "app", "password": PASSWORD}
        | {"passkey": ada.answer_for("authenticators", NEW)},
    )
    ada.secret = begun["secret"].replace(" ", "")
    ada.program("/authenticators/new", {"code": ada.code()})
    shown = ada.client.post("/note", data={"text": "1"}).text
    assert "Use a passkey or a code for: Notes</h1>" in shown
