"""The second step of signing in, the recovery code and the forgotten password."""

from playwright.sync_api import expect

from tests.support.codes import wrong_code
from tests.support.enrol import TWOFACTOR, guess
from tests.support.enrol import sign_in as sign_in_elsewhere
from tests.support.mail import last_link

NEW = "a-brand-new-lantern-77"


def give_code(person, code):
    field = person.page.locator("input[name='code']:visible")
    expect(field).to_have_count(1)
    field.fill(code)
    person.page.get_by_role("button", name="Confirm", exact=True).click()


def test_the_second_step_leads_to_the_requested_page(enrolled, customer_password):
    person = enrolled()
    person.open("/security/email")
    person.is_at("/login")
    person.inspect()
    person.fill("User name or e-mail address", "alice@example.org")
    person.fill("Password", customer_password)
    person.press("Sign in")
    person.is_at(f"{TWOFACTOR}/sign-in")
    person.inspect()
    person.open("/security/")
    person.is_at("/login")  # not signed in before the second step
    person.open(f"{TWOFACTOR}/sign-in")
    give_code(person, wrong_code(person.secret, person.clock()))
    person.sees("is wrong")
    person.inspect()
    give_code(person, person.next_code())
    person.is_at("/security/email")


def test_a_wrong_password_asks_for_no_code(enrolled):
    person = enrolled()
    person.sign_in("alice", "not-her-password")
    person.is_at("/login")
    expect(person.page.get_by_role("alert").first).to_be_visible()
    person.inspect()


def test_the_recovery_code_signs_in_and_turns_the_second_factor_off(enrolled, customer_password):
    person = enrolled()
    person.sign_in("alice", customer_password)
    person.use("Use recovery code")
    person.inspect()
    give_code(person, person.recovery_code.lower().replace(" ", "-"))
    expect(person.page.get_by_text("is now off")).to_have_count(1)
    person.inspect()
    assert person.state() == "off"


def test_after_strangers_wrong_codes_the_recovery_code_takes_a_new_password(
    enrolled, app, customer_password
):
    """F-11: the old password no longer signs in; the earlier areas are ticked already."""
    person = enrolled("sign_in", "email")
    guess(app.test_client(), "alice", customer_password, person.secret, person.clock())
    person.sign_in("alice", customer_password, "/login?next=/security/profile")
    person.use("Use recovery code")
    person.inspect()
    person.fill("Recovery code", person.recovery_code)
    person.fill("New password", "password1234")
    person.fill("Repeat new password", "password1234")
    person.press("Confirm")
    person.sees("Many people use this password.")
    expect(person.page.locator("main").get_by_role("alert")).to_be_focused()
    person.inspect()
    person.fill("Recovery code", person.recovery_code)
    person.fill("New password", NEW)
    person.fill("Repeat new password", NEW)
    person.press("Confirm")
    person.is_at(f"{TWOFACTOR}/activate")
    ticked = person.page.locator("input[name='areas']:checked").all()
    assert [box.get_attribute("value") for box in ticked] == ["sign_in", "email"]
    person.inspect()
    person.open("/invoices/")
    person.sees("because you used your recovery code")
    person.inspect()
    person.press("Leave it off")
    person.sees("stays off")
    person.is_at("/invoices/")
    expect(person.page.get_by_text("because you used your recovery code")).to_have_count(0)
    person.inspect()
    person.page.get_by_role("button", name="Sign out").click()
    person.sign_in("alice", customer_password)
    person.sees("password is wrong")
    person.sign_in("alice", NEW)
    person.is_at("/")


def test_a_known_browser_is_heard_while_strangers_are_not(
    enrolled, people, app, clock, customer_password
):
    """F-12: wrong codes of a stranger with the password don't keep the owner out."""
    person = enrolled()
    person.sign_in("alice", customer_password)
    give_code(person, person.next_code())
    person.is_at("/")
    person.page.get_by_role("button", name="Sign out").click()
    clock.advance()
    for _ in range(5):
        guess(app.test_client(), "alice", customer_password, person.secret, clock())
    stranger = people()
    stranger.sign_in("alice", customer_password)
    give_code(stranger, person.code())
    stranger.sees("Too many wrong codes")
    stranger.inspect()
    person.sign_in("alice", customer_password)
    give_code(person, person.code())
    person.is_at("/")


def test_a_wrong_recovery_code_lets_nobody_in(enrolled, customer_password):
    person = enrolled()
    person.sign_in("alice", customer_password)
    person.use("Use recovery code")
    give_code(person, "0000 0000 0000 0000 0000")
    expect(person.page.get_by_role("alert").first).to_be_visible()
    person.inspect()
    person.open("/security/")
    person.is_at("/login")


def test_a_forgotten_password_is_replaced_by_link_and_code(enrolled, app):
    person = enrolled()
    person.open("/forgot")
    person.inspect()
    person.fill("E-mail address", "alice@example.org")
    with person.page.expect_navigation():
        person.press("Send link")
    person.inspect()
    person.open(last_link(app))
    person.inspect()
    person.fill("New password", NEW)
    person.fill("Repeat new password", NEW)
    person.press("Save")
    person.asked()
    person.inspect()
    person.answer(wrong_code(person.secret, person.clock()))
    expect(person.dialog.get_by_text("is wrong").first).to_be_visible()
    assert sign_in_elsewhere(app.test_client(), "alice", NEW).status_code not in (302, 303)
    person.answer(person.next_code())
    expect(person.dialog).to_be_hidden()
    person.sign_in("alice", NEW)
    person.is_at(f"{TWOFACTOR}/sign-in")
    give_code(person, person.next_code())
    person.is_at("/")
