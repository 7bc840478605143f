"""Passkeys in the pages of the portal, in Chromium with a virtual authenticator."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS
from tests.support.enrol import TWOFACTOR
from tests.support.virtual_device import VirtualDevice

from .everywhere import NEW, fill_in
from .passkey_people import base, look, settings, use

__all__ = ["base", "look", "settings"]

QUICKEST = "Passkey: quickest, and nobody can trick you out of it."


@pytest.fixture
def holder(person, let_in):
    """Alice, signed in, with a device that makes passkeys."""
    person.device = VirtualDevice(person.page)
    return let_in(person)


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
    holder.inspect()
    holder.field("Current password").fill(customer_password)
    page.keyboard.press("Enter")
    create = page.get_by_role("button", name="Create passkey")
    create.press("Enter")
    saved = holder.field("I have printed or saved my recovery code")
    expect(saved).to_have_attribute("aria-invalid", "true")
    holder.inspect()
    saved.press("Space")
    page.evaluate("() => { navigator.credentials.create = () => Promise.reject(new Error()); }")
    create.press("Enter")
    holder.sees("Your device didn't create a passkey. Try again.")
    page.reload()
    saved.press("Space")
    create.press("Enter")
    is_on(holder)


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_a_passkey_wherever_a_code_is_taken(holder, customer_password):
    """A change of the password, signing in, a new recovery code, and turning it off."""
    page = holder.page
    enrol(holder, customer_password)
    fill_in(holder, customer_password)
    expect(use(page)).to_be_focused()
    holder.inspect()
    use(page).press("Enter")
    holder.sees("Your password is changed")
    page.get_by_role("button", name="Sign out").click()
    holder.sign_in("alice", NEW)
    expect(use(page)).to_be_focused()
    holder.inspect()
    page.keyboard.press("Enter")
    holder.is_at("/")
    holder.open(f"{TWOFACTOR}/recovery")
    holder.inspect()
    use(page).press("Enter")
    expect(page.locator("#twofactor-recovery-code")).to_be_visible()
    holder.tick_saved()
    holder.press("Save")
    holder.open(f"{TWOFACTOR}/deactivate")
    expect(holder.field("Recovery code")).to_be_visible()
    holder.inspect()
    use(page).press("Enter")
    expect(page.locator("#twofactor-status")).to_have_attribute("data-state", "off")


def test_a_passkey_beside_an_app(enrolled, customer_password):
    """It is added with a code, answers beside the app, and is removed with itself."""
    holder = enrolled("password", "sign_in")
    page = holder.page
    holder.device = VirtualDevice(page)
    holder.sign_in("alice", customer_password)
    holder.asked().fill(holder.next_code())
    page.keyboard.press("Enter")
    holder.is_at("/")
    holder.open(f"{TWOFACTOR}/authenticators/new")
    expect(holder.field(QUICKEST)).to_be_checked()
    expect(use(page)).to_be_hidden()
    holder.inspect()
    holder.fill("Name", "My key")
    holder.fill("Code", holder.next_code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Create passkey")).to_be_visible()
    holder.inspect()
    page.get_by_role("button", name="Use a security key (USB, NFC)").click()
    holder.sees("Follow your device.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_be_empty()
    holder.press("Create passkey")
    holder.sees("My key is added.")
    fill_in(holder, customer_password)
    expect(use(page)).to_be_focused()
    expect(holder.dialog.get_by_label("Code")).to_be_visible()
    holder.inspect()
    page.keyboard.press("Enter")
    holder.sees("Your password is changed")
    holder.open(f"{TWOFACTOR}/")
    page.get_by_role("link", name="Change My key").click()
    holder.inspect()
    use(page).click()
    holder.sees("My key is removed.")
