"""Every page and state with passkeys, under the checks that each page must pass."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from portal.extensions import db
from portal.twofactor.testing.device import Device
from tests.support.codes import wrong_code
from tests.support.enrol import TWOFACTOR
from tests.support.virtual_device import VirtualDevice

from .everywhere import fill_in
from .measures import CUT, OVERLAPPING, UNBORDERED
from .passkey_people import base, kit, look, settings, use
from .test_everywhere import finds, small_in_order
from .test_weight import MOST, Scales

__all__ = ["base", "kit", "look", "settings"]
pytestmark = pytest.mark.looks

# A little more: the recovery sheet is there twice, as a page and as a text, beside the options of
# the passkey; a form with two kinds and two answers; a list with a dialog that takes both, and with
# a second box for each area. Each button names its kind by a class, which hosts may style.
HEAVIER = {
    "step 1",
    "another device, both",
    "deactivate",
    "step 1, refused",
    "step 2",
    "step 2, not saved",
    "step 2, waiting",
    "authenticators/new",
    "deactivate, nothing entered",
    "preferences",
    "preferences, dialog",
    "preferences, both",
    "preferences, only with a passkey",
    "preferences, dialog, a code again",
    "preferences, young passkey",
}
HAS_ONE = "This device or password manager has a passkey for this account already."


@pytest.fixture
def states(person, app, customer, customer_password, invoices):
    return walk(person, app, customer_password)


def walk(person, app, password):
    """Go on to the next state, and name it."""
    page, device = person.page, VirtualDevice(person.page)
    person.sign_in("alice", password)
    person.is_at("/")
    yield from wizard(person, device, password)
    person.open(f"{TWOFACTOR}/")
    yield "preferences"
    person.field("E-mail change").uncheck()
    person.press("Save")
    expect(use(page)).to_be_focused()
    yield "preferences, dialog"
    person.open("/security/")
    yield "security"
    yield from deeds(person, device, password)
    yield from pages(person, password)
    yield from both(person, device, password)
    person.context.clear_cookies()
    person.sign_in("alice", password)
    expect(use(page)).to_be_focused()
    yield "second step"
    person.use("Use recovery code")
    yield "second step, recovery code"
    person.context.clear_cookies()
    yield from without_password(person, device)
    yield from demanding(person, password)
    yield from without_passkey(person, app, device, password)


def wizard(person, device, password):
    person.open(f"{TWOFACTOR}/activate")
    yield "step 1"
    person.press("Continue")
    person.sees("Your current password is wrong")
    yield "step 1, refused"
    person.fill("Current password", password)
    person.press("Continue")
    expect(person.page.get_by_role("button", name="Create passkey")).to_be_visible()
    yield "step 2"
    person.press("Create passkey")
    person.sees("tick the box")
    yield "step 2, not saved"
    person.tick_saved()
    device.wait()
    person.press("Create passkey")
    person.sees("Follow your device.")
    yield "step 2, waiting"
    person.page.keyboard.press("Escape")
    device.wait(False)
    person.press("Create passkey")
    expect(person.page.locator("#twofactor-status")).to_have_attribute("data-state", "on")
    yield "activated"


def deeds(person, device, password):
    page = person.page
    fill_in(person, password)
    expect(use(page)).to_be_focused()
    yield "dialog"
    device.wait()
    use(page).click()
    person.sees("Follow your device.")
    yield "dialog, waiting"
    person.press("Cancel", person.dialog)
    kept = device.passkeys[0]
    device.wait(False)
    device.forget()
    person.press("Save")
    use(page).click()
    person.sees("Nothing was confirmed. Try again.")
    yield "dialog, nothing confirmed"
    person.dialog.locator("summary").click()
    person.press("I've lost my device", person.dialog)
    expect(page.locator("input[name='twofactor_pending']")).to_be_attached()
    yield "challenge"
    page.route("**/passkey", lambda route: route.abort())
    page.reload()
    use(page).click()
    person.sees("We didn't get an answer. Try again.")
    person.watch.faults.clear()
    yield "challenge, no answer"
    page.unroute_all()
    person.press("Use your recovery code")
    yield "deactivate, form kept"
    device.keep(kept)
    person.clock.advance(301)
    person.open("/invoices/")
    expect(use(page)).to_be_focused()
    yield "before looking"


def pages(person, password):
    person.clock.advance(16 * 60)
    for name in ("recovery", "deactivate", "authenticators/new", "help", "activity"):
        person.open(f"{TWOFACTOR}/{name}")
        yield name
    person.open(f"{TWOFACTOR}/deactivate")
    person.press("Deactivate")
    expect(person.page.locator("main").get_by_role("alert").first).to_be_visible()
    yield "deactivate, nothing entered"
    person.open(f"{TWOFACTOR}/")
    person.page.get_by_role("link", name="Change Passkey").click()
    person.sees("your only passkey")
    yield "the only passkey"
    person.open(f"{TWOFACTOR}/authenticators/new")
    person.field("Authenticator app").check()
    person.fill("Name", "Phone")
    person.fill("Current password", password)
    use(person.page).click()
    person.page.locator("#twofactor-secret").wait_for()
    person.secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    person.press("Save")
    person.answer(person.code())
    person.sees("Phone is added")
    yield "preferences, both"


def both(person, device, password):
    page = person.page
    person.open(f"{TWOFACTOR}/authenticators/new")
    yield "another device, both"
    person.fill("Code", person.next_code())
    person.press("Continue")
    person.press("Create passkey")
    person.sees(HAS_ONE)
    yield "another device, has one"
    fill_in(person, password)
    expect(use(page)).to_be_focused()
    yield "dialog, both"
    person.press("Confirm", person.dialog)
    expect(person.dialog.get_by_role("alert")).to_contain_text("6-digit code")
    yield "dialog, both, nothing entered"
    person.leave_the_dialog()
    yield "challenge, both"
    person.answer(wrong_code(person.secret, person.clock()))
    person.sees("is wrong")
    yield "challenge, both, wrong code"
    person.open(f"{TWOFACTOR}/")
    page.get_by_role("link", name="Change Passkey").click()
    person.sees("You can delete it from your device afterwards.")
    yield "a passkey to remove"


def without_password(person, device):
    page, kept = person.page, device.passkeys[0]
    person.open("/login")
    button = page.get_by_role("button", name="Sign in with a passkey")
    expect(button).to_be_visible()
    yield "sign-in"
    device.forget()
    button.click()
    person.sees("Nothing was confirmed. Try again, or sign in with your password.")
    yield "sign-in, nothing confirmed"
    device.keep(Device("localhost", person.base))
    button.click()
    person.sees("That passkey was not accepted.")
    yield "sign-in, refused"
    device.forget()
    device.keep(kept)
    button.click()
    person.is_at("/")
    # Else the next dialog would ask the device at once, as this browser has used a passkey.
    page.evaluate("localStorage.clear()")
    yield "overview"


def only(page, area):
    """Return the box that takes a passkey alone in an area."""
    return page.locator(f"input[name=only][value={area}]")


def demanding(person, password):
    page = person.page
    person.open(f"{TWOFACTOR}/")
    only(page, "sign_in").check()
    only(page, "password").check()
    person.press("Save")
    person.sees("Saved.")
    yield "preferences, only with a passkey"
    only(page, "password").uncheck()
    person.press("Save")
    expect(use(person.dialog)).to_be_focused()
    yield "preferences, dialog, a code again"
    fill_in(person, password)
    expect(use(person.dialog)).to_be_focused()
    yield "dialog, passkey demanded"
    person.dialog.locator("summary").click()
    person.press("I've lost my device", person.dialog)
    expect(page.locator("input[name='twofactor_pending']")).to_be_attached()
    yield "challenge, passkey demanded"
    person.open("/security/close")
    person.fill("Current password", password)
    person.press("Close my account")
    person.sees("all its invoices")
    yield "challenge, exact"
    person.answer(wrong_code(person.secret, person.clock()))
    person.sees("is wrong")
    yield "challenge, exact, wrong code"


def without_passkey(person, app, device, password):
    """There is no passkey any more; a new one waits for a day.

    An operator who removes it would sign the person out, who could then not sign in without one.
    """
    page = person.page
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DELETE FROM twofactor_authenticator WHERE kind = 'passkey'"))
        connection.execute(text("DELETE FROM twofactor_ticket"))
    device.forget()
    fill_in(person, password)
    person.sees("This needs a passkey. Add one, then try again.")
    yield "passkey needed"
    person.follow("Add a passkey")
    person.fill("Current password", password)
    yield "passkey needed, adding one"
    person.fill("Code", person.next_code())
    person.press("Continue")
    person.press("Create passkey")
    person.is_at("/security/password")
    fill_in(person, password)
    person.sees("You added your passkey with a code.")
    yield "young passkey"
    person.open(f"{TWOFACTOR}/")
    only(page, "email").check()
    person.press("Save")
    person.sees("You added your passkey with a code.")
    yield "preferences, young passkey"
    person.context.clear_cookies()
    person.sign_in("alice", password)
    person.sees("You added your passkey with a code.")
    yield "second step, young passkey"


def test_each_page_with_passkeys_can_be_used_by_everybody(person, app, states):
    """W-57: axe, headings, sizes, in the light and in the dark, at 320 pixels, in large letters.

    Each is under 30 kB with the script; the block keeps its place while the script looks.
    """
    scales, small = Scales(person, app), {}
    chromium = person.context.new_cdp_session(person.page)
    for state in states:
        scales.weigh(state)
        person.inspect()
        small[state] = small_in_order(person, state)
        person.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        person.contrast()
        person.page.emulate_media(color_scheme="light", forced_colors="active")
        assert finds(person, UNBORDERED) == [], state
        person.page.emulate_media(forced_colors="none", reduced_motion="no-preference")
        chromium.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
        assert finds(person, CUT) == [], state
        assert finds(person, OVERLAPPING) == [], state
        person.fits(narrow=640)
        chromium.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
        scales.forget()
    assert len(small) > 25
    assert {state: found for state, found in small.items() if found} == {}
    assert scales.moved == {}
    heavy = scales.heavy
    assert set(heavy) <= HEAVIER, heavy
    # Two boxes for each area, the list and a dialog are all on the page of the preferences.
    lists = {state for state in heavy if state.startswith("preferences")}
    assert max(heavy[state] for state in lists) < MOST + 4_800, heavy
    assert max(heavy[state] for state in set(heavy) - lists) < MOST + 1_700, heavy
    assert max(scales.weights.values()) > 10_000, "something was measured"
