"""A walk through every page and state that a customer can reach, for checks on all of them."""

import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import expect

from tests.support.browser import Person
from tests.support.codes import oathtool, wrong_code
from tests.support.enrol import TWOFACTOR, guess
from tests.support.enrol import sign_in as sign_in_elsewhere
from tests.support.hosts import change_options
from tests.support.mail import NEW_EMAIL, last_link

NEW = "a-brand-new-lantern-77"
# Chromium's console message about that page.
NOT_FOUND = (
    "console: Failed to load resource: the server responded with a status of 404 (NOT FOUND)"
)
# Shows the checkbox at the second step, and the card of trusted browsers. Without passkeys, which
# have `test_passkey_states.py`, since browsers know none at an IP address.
SETTINGS = {"TWOFACTOR_TRUST_SECONDS": 30 * 86_400, "TWOFACTOR_RP_ID": ""}


def walk(person: Person, app: Any, password: str) -> Iterator[str]:
    """Go on to the next state, and name it."""
    yield from _signing_in(person, app, password)
    yield from _portal(person)
    yield from _new_email(person, app, password)
    yield from _wizard(person, password)
    yield from _another_phone(person)
    yield from _settings(person)
    yield from _challenges(person, password)
    yield from _second_step(person, app, password)
    yield from _mandatory(person, app)


def _signing_in(person: Person, app: Any, password: str) -> Iterator[str]:
    person.open("/login?next=/invoices/")
    yield "sign-in"
    person.press("Sign in")
    yield "sign-in, nothing entered"
    person.sign_in("alice", "not-the-password")
    yield "sign-in, refused"
    for _ in range(10):
        sign_in_elsewhere(app.test_client(), "alice", "not-the-password")
    person.sign_in("alice", password)
    person.sees("Too many wrong passwords")
    yield "sign-in, held"
    app.config["ADDRESS_FAILURES"] = 1
    person.sign_in("alice", password)
    person.sees("attempts from your network")
    yield "sign-in, network held"
    app.config["ADDRESS_FAILURES"] = 60
    person.clock.advance(3600)
    person.open("/forgot")
    yield "forgotten password"
    person.press("Send link")
    yield "forgotten password, nothing entered"
    person.fill("E-mail address", "alice@example.org")
    person.press("Send link")
    person.sees("sent a link to it")
    yield "forgotten password, sent"
    person.open(last_link(app))
    yield "new password"
    person.press("Save")
    yield "new password, nothing entered"
    person.fill("New password", "password1234")
    person.fill("Repeat new password", "password1234")
    person.press("Save")
    person.sees("Add one or two uncommon words.")
    yield "new password, easy to guess"
    person.sign_in("alice", password)
    person.is_at("/")
    yield "overview"


def _portal(person: Person) -> Iterator[str]:
    for name, path, button in (
        ("security", "/security/", ""),
        ("invoices", "/invoices/", ""),
        ("invoice", "/invoices/2026-9000", ""),
        ("sessions", "/security/sessions", ""),
        ("e-mails about new sign-ins", "/security/sign-in-mails", "Save"),
        ("not found", "/nothing-here", ""),
        ("password", "/security/password", "Save"),
        ("e-mail address", "/security/email", "Save"),
        ("closing", "/security/close", "Close my account"),
        ("profile", "/security/profile", ""),
        ("help", f"{TWOFACTOR}/help", ""),
    ):
        person.open(path)
        yield name
        if name == "not found":
            faults = person.watch.faults
            faults[:] = [fault for fault in faults if fault != NOT_FOUND]
        if button:
            person.press(button)
            expect(person.page.locator("main").get_by_role("alert").first).to_be_visible()
            yield f"{name}, nothing entered"


def _new_email(person: Person, app: Any, password: str) -> Iterator[str]:
    person.open("/security/email")
    person.fill("Current password", password)
    person.fill("New e-mail address", "new@example.org")
    person.press("Save")
    person.sees("sent an e-mail to your new address")
    yield "security, a new address waits"
    person.open("/security/email")
    yield "e-mail address, a new one waits"
    person.open(last_link(app, NEW_EMAIL))
    person.sees("Confirm this address")
    yield "new address"
    person.open("/security/")
    person.press("Cancel")
    person.sees("stays alice@example.org")
    person.open(last_link(app, NEW_EMAIL))
    person.sees("no longer works")
    yield "new address, link is over"


def _wizard(person: Person, password: str) -> Iterator[str]:
    person.open(f"{TWOFACTOR}/")
    yield "preferences, off"
    person.press("Activate two-factor authentication")
    person.sees("Step 1 of 3")
    yield "step 1"
    person.press("Continue")
    person.sees("Your current password is wrong")
    yield "step 1, refused"
    person.fill("Current password", password)
    person.press("Continue")
    person.sees("Step 2 of 3")
    yield "step 2"
    person.secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    person.recovery_code = person.page.locator("#twofactor-recovery-code").inner_text()
    person.open(f"{TWOFACTOR}/activate?step=1")
    person.sees("Back to the QR code")
    yield "step 1, again"
    person.press("Continue")
    person.sees("Step 2 of 3")
    person.tick_saved()
    person.press("Save")
    person.asked()
    yield "step 2, dialog"
    person.press("Confirm", person.dialog)
    expect(person.dialog.get_by_role("alert")).to_contain_text("6-digit code")
    yield "step 2, dialog, nothing entered"
    person.answer(wrong_code(person.secret, person.clock()))
    expect(person.dialog.get_by_role("alert")).to_contain_text("is wrong")
    yield "step 2, dialog, wrong code"
    person.answer(person.code())
    on = person.page.locator("#twofactor-status")
    expect(on).to_have_attribute("data-state", "on")
    yield "activated"
    person.open("/security/two-factor/")
    person.follow("Show all activity")
    person.sees("You turned on two-factor authentication")
    yield "activity"
    person.open("/security/")
    yield "security, on"
    person.open("/")
    yield "overview, on"


def _another_phone(person: Person) -> Iterator[str]:
    person.open(f"{TWOFACTOR}/")
    person.page.get_by_role("link", name="Change Authenticator app").click()
    person.sees("your only device")
    yield "the only phone"
    person.fill("Name", "")
    person.press("Save")
    person.sees("Enter a name")
    yield "the only phone, no name"
    person.open(f"{TWOFACTOR}/authenticators/new")
    yield "another phone, step 1"
    person.fill("Name", "Tablet")
    person.press("Continue")
    person.sees("Enter the code")
    yield "another phone, no code"
    person.fill("Code", person.next_code())
    person.press("Continue")
    person.sees("Step 2 of 3")
    yield "another phone, step 2"
    secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    person.press("Save")
    person.asked()
    yield "another phone, dialog"
    person.answer(wrong_code(secret, person.clock()))
    expect(person.dialog.get_by_role("alert")).to_contain_text("is wrong")
    yield "another phone, wrong code"
    person.answer(oathtool(secret, person.clock()))
    person.sees("Tablet is added")
    yield "preferences, two phones"
    person.page.get_by_role("link", name="Change Tablet").click()
    person.press("Remove")
    person.sees("Enter the code")
    yield "one of two phones, no code"


def _settings(person: Person) -> Iterator[str]:
    person.open(f"{TWOFACTOR}/")
    person.field("E-mail change").uncheck()
    person.press("Save")
    person.asked()
    yield "preferences, dialog"
    person.open(f"{TWOFACTOR}/check-up")
    yield "check of codes"
    person.open(f"{TWOFACTOR}/recovery/check")
    person.press("Check")
    person.sees("Enter your recovery code.")
    yield "check of the recovery code, nothing entered"
    person.open(f"{TWOFACTOR}/recovery")
    yield "new recovery code"
    person.press("Create")
    person.sees("Enter the code")
    yield "new recovery code, no code"
    person.fill("Code", person.next_code())
    person.press("Create")
    person.sees("Your old one works until then")
    person.recovery_code = person.page.locator("#twofactor-recovery-code").inner_text()
    yield "new recovery code, made"
    person.press("Save")
    person.sees("tick the box")
    yield "new recovery code, not saved"
    person.tick_saved()
    person.press("Save")
    person.sees("no longer works")
    yield "new recovery code, saved"
    person.clock.advance(16 * 60)
    person.open(f"{TWOFACTOR}/recovery")
    person.press("Create")
    yield "new recovery code, nothing entered"
    person.open(f"{TWOFACTOR}/authenticators/new")
    yield "another phone, password"
    person.open(f"{TWOFACTOR}/deactivate")
    yield "switching off"
    person.press("Deactivate")
    expect(person.page.locator("main").get_by_role("alert")).to_be_visible()
    yield "switching off, nothing entered"


def _challenges(person: Person, password: str) -> Iterator[str]:
    person.clock.advance(301)
    person.open("/invoices/")
    person.asked()
    yield "before looking"
    fill_in(person, password)
    person.asked()
    yield "challenge, dialog"
    person.answer(wrong_code(person.secret, person.clock()))
    person.sees("is wrong")
    yield "challenge, dialog, wrong code"
    person.leave_the_dialog()
    person.answer(wrong_code(person.secret, person.clock()))
    person.sees(re.compile("is wrong|Too many wrong codes"))
    yield "challenge, wrong code"
    pending = person.page.locator("input[name='twofactor_pending']")
    pending.evaluate("field => { field.value = 'broken' }")
    person.answer(person.next_code())
    person.sees("You took too long")
    yield "challenge, broken"
    person.change_email_with_a_wrong_code(password, "new@example.org")
    done = pending.input_value()
    person.answer(person.next_code())
    person.sees("new@example.org")
    person.change_email_with_a_wrong_code(password, "newer@example.org")
    pending.evaluate("(field, value) => { field.value = value }", done)
    person.answer(person.next_code())
    person.sees("already confirmed")
    yield "challenge, done already"
    fill_in(person, password)
    person.asked()
    person.leave_the_dialog()
    for _ in range(4):
        person.answer(wrong_code(person.secret, person.clock()))
        person.sees(re.compile("is wrong|Too many wrong codes"))
    person.answer(wrong_code(person.secret, person.clock()))
    person.sees("Too many wrong codes")
    yield "challenge, held"
    person.clock.advance(300)


def fill_in(person: Person, password: str) -> None:
    """Fill in the form that changes the password, and send it."""
    person.open("/security/password")
    person.fill("Current password", password)
    person.fill("New password", NEW)
    person.fill("Repeat new password", NEW)
    person.press("Save")


def _second_step(person: Person, app: Any, password: str) -> Iterator[str]:
    _sign_in_anew(person, password)
    yield "second step"
    person.answer(wrong_code(person.secret, person.clock()))
    person.sees(re.compile("is wrong|Too many wrong codes"))
    yield "second step, wrong code"
    person.clock.advance(300)
    person.page.get_by_role("checkbox").check()
    person.answer(person.next_code())
    person.is_at("/")
    person.open(f"{TWOFACTOR}/")
    person.sees("Trusted browsers")
    yield "preferences, trusted browser"
    person.press("Stop trusting " + _browser(person))
    _sign_in_anew(person, password)
    person.use("Use recovery code")
    person.sees("20 letters and numbers")
    yield "second step, recovery code"
    person.press("Confirm")
    expect(person.page.locator("main").get_by_role("alert")).to_be_visible()
    yield "second step, no recovery code"
    guess(app.test_client(), "alice", password, person.secret, person.clock())
    person.open(f"{TWOFACTOR}/sign-in?use=recovery")
    yield "second step, new password"
    person.fill("Recovery code", person.recovery_code)
    person.press("Confirm")
    person.sees("Enter a new password as well")
    yield "second step, no new password"
    person.fill("Recovery code", person.recovery_code)
    person.fill("New password", NEW)
    person.fill("Repeat new password", NEW)
    person.press("Confirm")
    person.sees("is now off")
    yield "step 1, recovered"
    person.open("/")
    person.sees("because you used your recovery code")
    yield "overview, recovered"


def _mandatory(person: Person, app: Any) -> Iterator[str]:
    """Walk the states that only hosts with a mandatory second factor have."""
    state = app.extensions["twofactor"]
    change_options(app, mandatory_for=lambda _user: ["close_account"])
    person.open("/security/close")
    person.fill("Current password", NEW)
    person.press("Close my account")
    person.sees("you first need to set up")
    yield "enrolment required"
    change_options(app, mandatory_for=lambda _user: ["sign_in"])
    person.context.clear_cookies()
    person.sign_in("alice", NEW)
    person.sees("Set it up now")
    yield "step 1, mandatory"
    change_options(app, mandatory_for=None, login_user=lambda _user, _remember: False)
    person.context.clear_cookies()
    person.sign_in("alice", NEW)
    person.sees("You can't sign in")
    yield "sign-in, refused by the host"
    app.extensions["twofactor"] = state


def _sign_in_anew(person: Person, password: str) -> None:
    person.context.clear_cookies()
    person.sign_in("alice", password)
    person.is_at(f"{TWOFACTOR}/sign-in")


def _browser(person: Person) -> str:
    return person.page.locator(".twofactor-browsers strong").inner_text()
