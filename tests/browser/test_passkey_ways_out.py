"""Passkeys in the portal where something is missing: device, scripts, permission, address."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS, Look
from tests.support.enrol import TWOFACTOR
from tests.support.virtual_device import VirtualDevice

from .everywhere import NEW, fill_in
from .passkey_people import base, equipped, kit, look, settings, use

__all__ = ["base", "equipped", "kit", "look", "settings"]

PHONE, PLAIN = Look(True, 375, 740), LOOKS[2]
POLICY = "publickey-credentials-{}=(self)"
ANY = "Use any of your passkeys: your device lets you choose."
ELSEWHERE = "Passkeys for this account only work at localhost."


def test_two_tabs_each_confirm_their_own_form(equipped, let_in, customer_password):
    """W-27: two dialogs are open at once, and the second one is answered first."""
    person = let_in(equipped("email"))
    first, second = person.page, person.context.new_page()
    tabs = {"one@example.org": first, "two@example.org": second}
    # Each tab has a device of its own, whose counter grows by itself: the one used last is ahead.
    person.passkey.count = 7
    person.device.forget()
    person.device.keep(person.passkey)
    person.passkey.count = 0
    VirtualDevice(second).keep(person.passkey)
    for address, page in tabs.items():
        page.goto("/security/email")
        page.get_by_label("Current password").fill(customer_password)
        page.get_by_label("New e-mail address").fill(address)
        with page.expect_response("**/passkey"):
            page.get_by_role("button", name="Save").click()
        expect(use(page)).to_be_focused()
    for address, page in reversed(tabs.items()):
        use(page).click()
        expect(page.locator("main").get_by_text(address).first).to_be_visible()
        expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("look", [LOOKS[0], PHONE], ids=str)
def test_nothing_typed_is_lost_when_the_device_does_not_answer(equipped, let_in, customer_password):
    """W-33, W-57: a lost device, Escape and another try; by keyboard alone."""
    person = let_in(equipped("password"))
    page = person.page
    person.device.forget()
    fill_in(person, customer_password)
    expect(use(page)).to_be_focused()
    page.keyboard.press("Enter")
    person.sees("Nothing was confirmed. Try again.")
    expect(use(page)).to_be_focused()
    person.inspect()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Save")).to_be_focused()
    for label in ("New password", "Repeat new password"):
        expect(person.field(label)).to_have_value(NEW)
    person.device.keep(person.passkey)
    page.keyboard.press("Enter")
    expect(use(page)).to_be_focused()
    page.keyboard.press("Enter")
    person.sees("Your password is changed")


@pytest.mark.parametrize("look", [LOOKS[0], PHONE], ids=str)
def test_the_recovery_code_signs_in_when_the_device_is_gone(equipped, customer_password):
    """W-43: from a passkey that is not there to the recovery code, which turns all of it off."""
    person = equipped()
    person.device.forget()
    person.sign_in("alice", customer_password)
    expect(use(person.page)).to_be_focused()
    person.sees(ANY)
    person.page.keyboard.press("Enter")
    person.sees("Nothing was confirmed. Try again.")
    person.inspect()
    person.use("Use recovery code")
    expect(person.page.get_by_role("link", name="Use a passkey", exact=True)).to_be_visible()
    person.inspect()
    person.fill("Recovery code", person.recovery_code)
    person.press("Confirm")
    person.sees("is now off")
    assert person.state() == "off"


def test_a_device_that_has_a_passkey_says_so(equipped, let_in):
    """W-16: the device is told which passkeys there are, and makes no second one; W-19."""
    person = let_in(equipped("password"))
    page = person.page
    person.open(f"{TWOFACTOR}/authenticators/new")
    expect(page.get_by_role("heading", name="What do you want to add?")).to_be_visible()
    person.fill("Name", "Blue key")
    use(page).click()
    person.press("Create passkey")
    person.sees("This device or password manager has a passkey for this account already.")
    person.inspect()
    person.device.forget()  # as if another device was taken
    person.press("Create passkey")
    person.sees("Blue key is added.")
    assert len(person.device.passkeys) == 1


def sign_in_at_an_ip_address(person, base, password):
    person.base = base.replace("localhost", "127.0.0.1")
    person.watch.host = person.base.removeprefix("http://")
    person.sign_in("alice", password, f"{person.base}/login")


def test_at_an_ip_address_the_app_alone_is_offered(people, base, customer, customer_password):
    """W-23: browsers know no passkeys there, and the wizard says where they work."""
    person = people()
    sign_in_at_an_ip_address(person, base, customer_password)
    person.open(f"{person.base}{TWOFACTOR}/activate")
    person.sees(ELSEWHERE)
    expect(person.page.get_by_label("Passkey: quickest")).to_be_hidden()
    person.sees("Step 1 of 3")
    person.inspect()
    person.fill("Current password", customer_password)
    person.press("Continue")
    person.sees("Step 2 of 3")
    expect(person.page.locator("#twofactor-qr")).to_be_visible()


def test_at_an_ip_address_the_code_is_asked(equipped, base, customer_password):
    """W-39: there is no button that does nothing."""
    person = equipped("sign_in", app_too=True)
    sign_in_at_an_ip_address(person, base, customer_password)
    person.sees(ELSEWHERE)
    expect(use(person.page)).to_be_hidden()
    expect(person.page.get_by_text(ANY)).to_be_hidden()
    person.asked().fill(person.next_code())
    person.press("Confirm", person.dialog)
    person.is_at("/")


def test_the_pages_permit_passkeys_and_a_page_that_does_not_takes_the_code(
    equipped, let_in, customer_password
):
    """W-38: a host's proxy may forbid them on its pages."""
    person = let_in(equipped("password", app_too=True))
    for path in ("/security/password", f"{TWOFACTOR}/"):
        policy = person.open(path).headers["permissions-policy"]
        assert POLICY.format("get") in policy
        assert POLICY.format("create") in policy

    def forbid(route):
        answer = route.fetch()
        forbidden = {"permissions-policy": "publickey-credentials-get=()"}
        route.fulfill(response=answer, headers=answer.headers | forbidden)

    person.page.route("**/security/password", forbid)
    fill_in(person, customer_password)
    expect(use(person.page)).to_be_hidden()
    expect(person.asked()).to_be_focused()
    person.answer(person.next_code())
    person.sees("Your password is changed")


@pytest.mark.parametrize("look", [PLAIN], ids=str)
def test_without_scripts_the_code_answers_beside_a_passkey(equipped, customer_password):
    """W-39: at sign-in and at a deed."""
    person = equipped("sign_in", "password", app_too=True)
    person.sign_in("alice", customer_password)
    person.sees("Passkeys need JavaScript. Use a code, or your recovery code.")
    expect(use(person.page)).to_be_hidden()
    expect(person.page.get_by_text(ANY)).to_be_hidden()
    person.inspect()
    person.asked().fill(person.next_code())
    person.press("Confirm", person.dialog)
    person.is_at("/")
    fill_in(person, customer_password)
    person.inspect()
    person.asked().fill(person.next_code())
    person.press("Confirm", person.dialog)
    person.sees("Your password is changed")


@pytest.mark.parametrize("look", [PLAIN, LOOKS[3]], ids=str)
def test_without_scripts_a_passkey_alone_reads_the_way_out(equipped, let_in, customer_password):
    """W-39: a deed leads to the recovery code, and the form is sent after all."""
    person = let_in(equipped("password"))
    fill_in(person, customer_password)
    person.sees("Passkeys need JavaScript. Use your recovery code.")
    expect(use(person.page)).to_be_hidden()
    expect(person.page.locator("input[autocomplete='one-time-code']")).to_have_count(0)
    person.inspect()
    person.press("Use your recovery code")
    person.sees("Passkeys need JavaScript.")
    person.inspect()
    person.fill("Recovery code", person.recovery_code)
    person.press("Deactivate")
    person.press("Send it now")
    person.sees("Your password is changed")


@pytest.mark.parametrize("look", [PLAIN], ids=str)
def test_without_scripts_the_wizard_sets_up_the_app(person, let_in, customer_password):
    """W-39, W-40: the choice is not there, and the steps are those of an app."""
    let_in(person)
    person.open(f"{TWOFACTOR}/activate")
    person.sees("Step 1 of 3")
    expect(person.page.get_by_label("Passkey: quickest")).to_be_hidden()
    expect(person.page.get_by_text("Step 1 of 2")).to_be_hidden()
    person.inspect()
    person.fill("Current password", customer_password)
    person.press("Continue")
    person.sees("Step 2 of 3")


def test_the_kind_is_changed_at_step_1_again(person, let_in, customer_password):
    """W-40: from a passkey to the app and back; the recovery code stays, and nothing is on yet."""
    page = person.page
    VirtualDevice(page)
    let_in(person)
    person.open(f"{TWOFACTOR}/activate")
    passkey, app = page.get_by_label("Passkey: quickest"), person.field("Authenticator app")
    person.sees("Step 1 of 2")
    app.check()
    person.sees("Step 1 of 3")
    passkey.check()
    person.fill("Current password", customer_password)
    person.press("Continue")
    code = page.locator("#twofactor-recovery-code")
    kept = code.inner_text()
    person.follow("Change where we ask")
    expect(passkey).to_be_checked()
    app.check()
    person.press("Continue")
    expect(page.locator("#twofactor-qr")).to_be_visible()
    expect(code).to_have_text(kept)
    person.follow("Change where we ask")
    expect(app).to_be_checked()
    passkey.check()
    person.press("Continue")
    expect(code).to_have_text(kept)
    assert person.state() == "off"
    person.open(f"{TWOFACTOR}/activate")
    person.tick_saved()
    person.press("Create passkey")
    person.sees("Next time you sign in, we'll ask for your passkey.")


def test_what_is_read_out(equipped, let_in, customer_password):
    """W-57: the button has a name and a hint, and progress is a status."""
    person = let_in(equipped("password"))
    person.device.wait()
    fill_in(person, customer_password)
    page, button = person.page, use(person.page)
    assert person.dialog.get_attribute("aria-describedby").startswith("twofactor-password-question")
    expect(person.dialog).to_have_accessible_description(
        re.compile("Use a passkey to change your password")
    )
    expect(button).to_have_accessible_description(
        "With your fingerprint, your face, your device's PIN or a security key."
    )
    button.click()
    expect(person.dialog.get_by_role("status")).to_have_text("Follow your device.")
    expect(button).to_have_accessible_name("Use a passkey")
    expect(button).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Escape")
    expect(button).to_be_hidden()


def test_no_answer_is_left_in_the_page(equipped, let_in, customer_password):
    """The answer is for one request: the way back finds an empty field."""
    person = let_in(equipped("password"))
    fill_in(person, customer_password)
    expect(use(person.page)).to_be_focused()
    with person.page.expect_request(
        lambda request: "twofactor_passkey=" in (request.post_data or "")
    ):
        use(person.page).click()
    person.sees("Your password is changed")
    person.page.go_back()
    left = person.page.locator("[name=twofactor_passkey]")
    assert set(left.evaluate_all("fields => fields.map((field) => field.value)")) <= {""}
    assert person.page.evaluate("Object.keys(localStorage)") == ["twofactor"]
