"""Moving to a new phone: add it with a code of the old one, then remove the old one."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS
from tests.support.codes import oathtool
from tests.support.enrol import TWOFACTOR


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
def test_moving_to_a_new_phone(enrolled, let_in, customer_password, tmp_path):
    """F-10, F-48: the old one is removed with a code of the new one, a day later."""
    person = let_in(enrolled("password", "email"))
    person.open(f"{TWOFACTOR}/")
    person.follow("Add a device or passkey")
    person.inspect()
    # A missing field is reported, and the typed text is kept.
    person.fill("Name", "New phone")
    person.press("Continue")
    person.sees("Enter the code")
    assert person.field("Name").input_value() == "New phone"
    person.inspect()
    person.fill("Code", person.next_code())
    person.press("Continue")
    person.is_at(f"{TWOFACTOR}/authenticators/new")
    secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    assert f"secret={secret}" in person.scan(tmp_path)
    person.inspect()
    person.press("Save")
    person.asked()
    person.inspect()
    person.answer(oathtool(secret, person.clock()))
    person.sees("New phone is added")
    person.inspect()
    # The code that added it may have been phished, so it removes nothing for a day.
    person.page.get_by_role("link", name="Change Authenticator app").click()
    person.sees("A device that you added with a code can't remove this one until tomorrow")
    person.inspect()
    # From then on only the new phone is used.
    person.clock.advance(86_400)
    leaving, person.secret = person.secret, secret
    person.sign_in("alice", customer_password)
    person.is_at("/")
    person.open(f"{TWOFACTOR}/")
    person.page.get_by_role("link", name="Change Authenticator app").click()
    person.sees("will stop working")
    person.inspect()
    person.secret = leaving
    person.fill("Code", person.next_code())
    person.press("Remove")
    person.sees("That code comes from the device you want to remove.")
    expect(person.page.locator("main").get_by_role("alert")).to_be_focused()
    person.inspect()
    person.secret = secret
    person.fill("Code", person.next_code())
    person.press("Remove")
    person.sees("Authenticator app is removed")
    expect(person.page.locator(".twofactor-authenticators li")).to_have_count(1)
    person.open("/security/email")
    person.fill("Current password", customer_password)
    person.fill("New e-mail address", "alice2@example.org")
    person.press("Save")
    person.answer(person.next_code())
    person.sees("alice2@example.org")


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
def test_a_quarter_of_an_hour_later_the_password_is_asked_too(enrolled, let_in, customer_password):
    """F-10: for another device, and for a new recovery code."""
    person = let_in(enrolled("password"))
    person.clock.advance(16 * 60)
    person.open(f"{TWOFACTOR}/authenticators/new")
    person.inspect()
    person.fill("Name", "Tablet")
    person.fill("Code", person.next_code())
    person.press("Continue")
    person.sees("Your current password is wrong")
    expect(person.page.locator("main").get_by_role("alert")).to_be_focused()
    assert person.field("Name").input_value() == "Tablet"
    person.inspect()
    person.fill("Current password", customer_password)
    person.fill("Code", person.next_code())
    person.press("Continue")
    expect(person.page.locator("#twofactor-secret")).to_be_visible()
    # The password was right just now, so no other page asks again.
    person.open(f"{TWOFACTOR}/recovery")
    expect(person.field("Code")).to_be_focused()
    person.inspect()


@pytest.mark.parametrize("look", [LOOKS[2]], ids=str)
def test_the_only_phone_is_renamed_and_not_removed(enrolled, let_in):
    person = let_in(enrolled("password"))
    person.open(f"{TWOFACTOR}/")
    person.page.get_by_role("link", name="Change Authenticator app").click()
    person.sees("your only device")
    person.inspect()
    person.fill("Name", "My phone")
    person.press("Save")
    person.sees("Saved.")
    person.sees(re.compile("^My phone$"))
