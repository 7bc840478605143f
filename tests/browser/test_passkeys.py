"""Passkeys in the pages of the portal, in Chromium with a virtual authenticator."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS

from .test_passkey_script import Device

SHOTS = os.environ.get("SHOTS")
pytestmark = pytest.mark.parametrize("look", LOOKS[:2], ids=str, indirect=True)


@pytest.fixture
def settings():
    return {"TWOFACTOR_RP_ID": "localhost"}


@pytest.fixture
def base(base):
    return base.replace("127.0.0.1", "localhost")


@pytest.fixture
def holder(person, customer, customer_password):
    """Alice, signed in, with a device that makes passkeys."""
    person.device = Device(person.page)
    person.sign_in("alice", customer_password)
    person.is_at("/")
    return person


def shot(person, name):
    if SHOTS:
        person.page.screenshot(path=Path(SHOTS) / f"{name}-{person.look.width}.png", full_page=True)


def activate(person, password):
    person.open("/security/two-factor/activate")
    expect(person.field("Passkey: quickest, and nobody can trick you out of it.")).to_be_checked()
    person.fill("Current password", password)
    shot(person, "start")
    person.press("Continue")
    person.recovery_code = person.page.locator("#twofactor-recovery-code").inner_text()
    shot(person, "create")


def enrol(person, password):
    activate(person, password)
    person.tick_saved()
    person.press("Create passkey")
    expect(person.page.locator("#twofactor-status")).to_have_attribute("data-state", "on")


def test_a_passkey_alone(holder, customer_password):
    """W-40, W-19: nothing is on before the passkey is made; a failure burns nothing."""
    activate(holder, customer_password)
    holder.inspect()
    holder.press("Create passkey")
    expect(holder.field("I have printed or saved my recovery code")).to_have_attribute(
        "aria-invalid", "true"
    )
    holder.tick_saved()
    holder.press("Create passkey")
    expect(holder.page.locator("#twofactor-status")).to_have_attribute("data-state", "on")
    shot(holder, "activated")
    holder.open("/security/two-factor/")
    shot(holder, "preferences")


def test_a_passkey_in_the_dialog(holder, customer_password):
    enrol(holder, customer_password)
    holder.open("/security/password")
    holder.fill("Current password", customer_password)
    holder.fill("New password", "a-brand-new-lantern-77")
    holder.fill("Repeat new password", "a-brand-new-lantern-77")
    holder.device.send("setAutomaticPresenceSimulation", enabled=False)
    holder.press("Save")
    expect(holder.page.get_by_role("button", name="Use a passkey")).to_be_focused()
    shot(holder, "dialog")
    holder.page.keyboard.press("Enter")
    shot(holder, "dialog-waiting")
    holder.press("Cancel", holder.dialog)
    holder.device.send("setAutomaticPresenceSimulation", enabled=True)
    holder.press("Save")
    holder.press("Use a passkey", holder.dialog)
    holder.sees("Your password is changed")


def test_pages(holder, customer_password):
    enrol(holder, customer_password)
    for name in ("deactivate", "recovery", "authenticators/new"):
        holder.open(f"/security/two-factor/{name}")
        expect(holder.page.get_by_role("button", name="Use a passkey")).to_be_visible()
        shot(holder, name.replace("/", "-"))
        holder.inspect()
