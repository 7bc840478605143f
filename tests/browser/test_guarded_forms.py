"""Challenges that keep the form the person filled in."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS
from tests.support.codes import wrong_code
from tests.support.mail import NEW_EMAIL, last_link

NEW = "a-brand-new-lantern-77"


@pytest.fixture
def person(enrolled, let_in):
    """Alice, signed in, with every area protected except sign-in."""
    return let_in(enrolled("password", "email", "close_account"))


@pytest.fixture
def can_sign_in(app):
    from tests.support.enrol import sign_in

    def tries(password):
        return sign_in(app.test_client(), "alice", password).status_code in (302, 303)

    return tries


def change_password(person, old, new, path="/security/password"):
    person.open(path)
    person.fill("Current password", old)
    person.fill("New password", new)
    person.fill("Repeat new password", new)
    person.press("Save")


def test_a_password_change_asks_for_a_code(person, customer_password, can_sign_in):
    change_password(person, customer_password, NEW)
    code = person.asked()
    person.is_at("/security/password")
    assert NEW not in person.page.content(), "what was entered is readable in the page"
    if person.look.scripts:
        expect(code).to_be_focused()
    person.inspect()
    assert can_sign_in(customer_password), "nothing may happen before the code"
    person.answer(person.next_code())
    expect(person.dialog).to_be_hidden()
    assert can_sign_in(NEW)
    assert not can_sign_in(customer_password)


@pytest.mark.parametrize(("look", "way"), [(LOOKS[0], "Escape"), (LOOKS[1], "Cancel")], ids=str)
def test_going_back_from_the_dialog_loses_nothing(person, customer_password, can_sign_in, way):
    """C-123, C-126"""
    change_password(person, customer_password, NEW)
    person.asked()
    if way == "Escape":
        person.page.keyboard.press("Escape")
    else:
        person.press("Cancel", person.dialog)
    expect(person.dialog).to_be_hidden()
    expect(person.page.get_by_role("button", name="Save")).to_be_focused()
    expect(person.field("Current password")).to_have_value(customer_password)
    expect(person.field("New password")).to_have_value(NEW)
    expect(person.field("Repeat new password")).to_have_value(NEW)
    assert can_sign_in(customer_password)
    person.press("Save")
    person.answer(person.next_code())
    expect(person.dialog).to_be_hidden()
    assert can_sign_in(NEW)


@pytest.mark.parametrize("look", [LOOKS[3]], ids=str, indirect=True)
def test_going_back_from_the_challenge_page_does_nothing(person, customer_password, can_sign_in):
    change_password(person, customer_password, NEW)
    person.asked()
    person.use("Cancel")
    person.is_at("/security/password")
    expect(person.dialog).to_have_count(0)
    expect(person.field("New password")).to_be_visible()
    assert can_sign_in(customer_password)


def test_a_wrong_code_then_the_right_one(person, customer_password, can_sign_in):
    change_password(person, customer_password, NEW)
    person.asked()
    person.answer(wrong_code(person.secret, person.clock.advance()))
    expect(person.dialog.get_by_text("is wrong").first).to_be_visible()
    assert person.asked().get_attribute("aria-invalid") == "true"
    person.inspect()
    assert can_sign_in(customer_password)
    person.answer(person.code())
    expect(person.dialog).to_be_hidden()
    assert can_sign_in(NEW)


def test_one_code_does_one_deed(person, customer_password, can_sign_in):
    change_password(person, customer_password, NEW)
    code = person.next_code()
    person.answer(code)
    expect(person.dialog).to_be_hidden()
    change_password(person, NEW, "and-yet-another-lantern-78")
    person.answer(code)
    expect(person.dialog.get_by_text(re.compile("used")).first).to_be_visible()
    person.inspect()
    assert can_sign_in(NEW)


def test_a_refused_form_does_not_burn_the_code(person, customer_password, can_sign_in):
    """F-40: what can be seen without the code is said before it, and what was entered is kept."""
    change_password(person, customer_password, "short")
    expect(person.dialog).to_be_hidden()
    person.sees(re.compile("12 characters"))
    person.inspect()
    if person.look.scripts:
        expect(person.field("Current password")).to_have_value(customer_password)
    else:
        person.fill("Current password", customer_password)
    person.fill("New password", NEW)
    person.fill("Repeat new password", NEW)
    person.press("Save")
    person.answer(person.next_code())
    expect(person.dialog).to_be_hidden()
    person.page.wait_for_load_state()
    assert can_sign_in(NEW)
    change_password(person, NEW, "and-yet-another-lantern-78")
    person.asked()


def test_too_many_wrong_codes(person, customer_password, can_sign_in):
    change_password(person, customer_password, NEW)
    for _ in range(5):
        person.answer(wrong_code(person.secret, person.clock()))
        expect(person.dialog.get_by_text(re.compile("is wrong|Too many")).first).to_be_visible()
    person.answer(wrong_code(person.secret, person.clock()))
    expect(person.page.get_by_text(re.compile("Too many wrong codes")).first).to_be_visible()
    person.inspect()
    person.clock.advance(31)
    change_password(person, customer_password, NEW)
    person.answer(person.next_code())
    expect(person.dialog).to_be_hidden()
    assert can_sign_in(NEW)


def test_the_email_address_is_changed(person, people, customer_password, app):
    """A-45: by the link in the mail to the new address."""
    from portal.extensions import db
    from portal.models import Customer

    person.open("/security/email")
    person.inspect()
    person.fill("Current password", customer_password)
    person.fill("New e-mail address", "alice@example.net")
    person.press("Save")
    person.answer(person.next_code())
    expect(person.dialog).to_be_hidden()
    person.page.wait_for_load_state()
    person.sees("Waiting for alice@example.net to be confirmed")

    def emails() -> list[str]:
        with app.app_context():
            return list(db.session.scalars(db.select(Customer.email)))

    # The mail is read in another browser, where nobody is signed in.
    reader = people()
    reader.open(last_link(app, NEW_EMAIL))
    reader.is_at("/security/email/confirm")
    assert emails() == ["alice@example.org"]
    reader.press("Confirm this address")
    reader.sees("alice@example.net is confirmed.")
    reader.is_at("/login")
    assert emails() == ["alice@example.net"]
    person.open("/security/")
    expect(person.page.get_by_text("Waiting for")).to_have_count(0)
    person.sees("alice@example.net")


def test_the_account_is_closed(person, customer_password, app, can_sign_in):
    person.open("/security/close")
    person.inspect()
    person.fill("Current password", customer_password)
    person.press("Close my account")
    person.asked()
    assert can_sign_in(customer_password)
    person.answer(person.next_code())
    expect(person.dialog).to_be_hidden()
    person.page.wait_for_load_state()
    assert not can_sign_in(customer_password)
    person.open("/")
    person.is_at("/login")
