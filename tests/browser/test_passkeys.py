"""Passkeys in the pages of the portal, in Chromium with a virtual authenticator."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS

from .test_passkey_script import Device, use

SHOTS = os.environ.get("SHOTS")
NEW = "a-brand-new-lantern-77"
TWOFACTOR = "/security/two-factor"
QUICKEST = "Passkey: quickest, and nobody can trick you out of it."


@pytest.fixture
def settings():
    return {"TWOFACTOR_RP_ID": "localhost"}


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def base(base):
    """Browsers know no passkeys at an IP address."""
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


def is_on(person):
    expect(person.page.locator("#twofactor-status")).to_have_attribute("data-state", "on")


def enrol(person, password):
    person.open(f"{TWOFACTOR}/activate")
    person.fill("Current password", password)
    person.press("Continue")
    person.recovery_code = person.page.locator("#twofactor-recovery-code").inner_text()
    person.tick_saved()
    person.press("Create passkey")
    is_on(person)


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_activation_with_a_passkey_alone(holder, customer_password):
    """W-40, W-19, W-57: by keyboard; nothing is on before, and a failure burns nothing."""
    page = holder.page
    holder.open(f"{TWOFACTOR}/activate")
    expect(holder.field(QUICKEST)).to_be_checked()
    shot(holder, "start")
    holder.inspect()
    holder.field("Current password").fill(customer_password)
    page.keyboard.press("Enter")
    create = page.get_by_role("button", name="Create passkey")
    create.press("Enter")
    saved = holder.field("I have printed or saved my recovery code")
    expect(saved).to_have_attribute("aria-invalid", "true")
    holder.inspect()
    shot(holder, "create")
    saved.press("Space")
    page.evaluate("() => { navigator.credentials.create = () => Promise.reject(new Error()); }")
    create.press("Enter")
    holder.sees("Your device didn't create a passkey. Try again.")
    page.reload()
    saved.press("Space")
    create.press("Enter")
    is_on(holder)
    shot(holder, "activated")
    holder.open(f"{TWOFACTOR}/")
    shot(holder, "preferences")


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_a_passkey_wherever_a_code_is_taken(holder, customer_password):
    """A change of the password, signing in, a new recovery code, and turning it off."""
    page = holder.page
    enrol(holder, customer_password)
    holder.open("/security/password")
    holder.fill("Current password", customer_password)
    holder.fill("New password", NEW)
    holder.fill("Repeat new password", NEW)
    holder.press("Save")
    expect(use(page)).to_be_focused()
    shot(holder, "dialog")
    holder.inspect()
    use(page).press("Enter")
    holder.sees("Your password is changed")
    page.get_by_role("button", name="Sign out").click()
    holder.sign_in("alice", NEW)
    expect(use(page)).to_be_focused()
    shot(holder, "sign-in")
    holder.inspect()
    page.keyboard.press("Enter")
    holder.is_at("/")
    holder.open(f"{TWOFACTOR}/recovery")
    shot(holder, "recovery")
    holder.inspect()
    use(page).press("Enter")
    expect(page.locator("#twofactor-recovery-code")).to_be_visible()
    holder.tick_saved()
    holder.press("Save")
    holder.open(f"{TWOFACTOR}/deactivate")
    expect(holder.field("Recovery code")).to_be_visible()
    shot(holder, "deactivate")
    holder.inspect()
    use(page).press("Enter")
    expect(page.locator("#twofactor-status")).to_have_attribute("data-state", "off")


def test_a_passkey_beside_an_app(enrolled, customer_password):
    """It is added with a code, answers beside the app, and is removed with itself."""
    holder = enrolled("password", "sign_in")
    page = holder.page
    holder.device = Device(page)
    holder.sign_in("alice", customer_password)
    holder.asked().fill(holder.next_code())
    page.keyboard.press("Enter")
    holder.is_at("/")
    holder.open(f"{TWOFACTOR}/authenticators/new")
    expect(holder.field(QUICKEST)).to_be_checked()
    expect(use(page)).to_be_hidden()
    shot(holder, "add")
    holder.inspect()
    holder.fill("Name", "My key")
    holder.fill("Code", holder.next_code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Create passkey")).to_be_visible()
    shot(holder, "add-create")
    holder.inspect()
    page.get_by_role("button", name="Use a security key (USB, NFC)").click()
    holder.sees("Follow your device.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_be_empty()
    holder.press("Create passkey")
    holder.sees("My key is added.")
    holder.open("/security/password")
    holder.fill("Current password", customer_password)
    holder.fill("New password", NEW)
    holder.fill("Repeat new password", NEW)
    holder.press("Save")
    expect(use(page)).to_be_focused()
    expect(holder.dialog.get_by_label("Code")).to_be_visible()
    shot(holder, "dialog-both")
    holder.inspect()
    page.keyboard.press("Enter")
    holder.sees("Your password is changed")
    holder.open(f"{TWOFACTOR}/")
    shot(holder, "preferences-both")
    page.get_by_role("link", name="Change My key").click()
    shot(holder, "remove")
    holder.inspect()
    use(page).click()
    holder.sees("My key is removed.")
