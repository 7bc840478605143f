"""The help desk as its agents and the customers see it, each in a browser of their own."""

import re

import pytest
from playwright.sync_api import expect

from tests.portal.desk import DESK, PASSWORD, Staff
from tests.portal.mails import mails
from tests.support.browser import LOOKS
from tests.support.codes import wrong_code
from tests.support.enrol import TWOFACTOR, guess
from tests.support.mail import last_link

pytestmark = pytest.mark.thorough
ALICE = "alice@example.org"
REASON = "lost phone, called back"
START_OVER = r"\S+/start-over/\S+"


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def agent(app, clock, people):
    """Return an agent who has a phone and is signed in."""

    def make(name="dorothea", language="en", **options):
        person = people(**options)
        person.secret = Staff(app, clock, name).phone.secret
        if language == "de":
            person.open("/login")
            person.page.locator("[name=identity]").fill(name)
            person.page.locator("[name=password]").fill(PASSWORD)
            person.page.locator("main form button[type=submit]").first.click()
        else:
            person.sign_in(name, PASSWORD)
        give(person)
        person.is_at("/")
        return person

    return make


def give(person):
    """Give a new code to the question that the page shows."""
    person.page.locator("input[autocomplete=one-time-code]").fill(person.next_code())
    person.page.locator(".twofactor-challenge form button[type=submit]").first.click()


def open_desk(person):
    person.open(f"{DESK}/")
    if person.page.locator("input[autocomplete=one-time-code]").count():
        give(person)
    expect(person.page.locator("#twofactor-person")).to_be_visible()


def find(person, who="alice"):
    """Find a customer as an agent does, with the keyboard alone."""
    open_desk(person)
    person.page.locator("#twofactor-person").fill(who)
    person.page.locator("#twofactor-person").press("Enter")
    expect(person.page.locator("#twofactor-state")).to_be_visible()


def fill(person, reason=REASON):
    for box in person.page.locator("[name=asked]").all():
        box.check()
    person.page.locator("#twofactor-reason").fill(reason)


def deed(person, name):
    return person.page.locator(f"button[formaction$='{name}']")


def keeps(person, reason=REASON):
    """Check that reason and ticks are still there."""
    expect(person.page.locator("#twofactor-reason")).to_have_value(reason)
    boxes = person.page.locator("[name=asked]")
    expect(person.page.locator("[name=asked]:checked")).to_have_count(boxes.count())


def inspect(person):
    """Check a page in light and in dark colours."""
    person.inspect()
    if person.look.scripts:
        person.page.emulate_media(color_scheme="dark")
        person.contrast()
        person.page.emulate_media(color_scheme="light")


def refused(person, sentence, field):
    """Check that an error is in the summary, which has the focus, and at its field."""
    summary = person.page.locator(".twofactor-error")
    expect(summary).to_have_text(sentence)
    expect(summary).to_be_focused()
    expect(person.page.locator(f"{field}-error")).to_have_text(sentence)
    summary.get_by_role("link").click()
    expect(person.page.locator(field)).to_be_focused()


def hold_codes(app, password, person):
    """Enter wrong codes in other browsers until codes are held for long."""
    for wait in (0, 0, 0, 0, 120, 600, 1800, 3600, 7200, 14_400):
        person.clock.advance(wait)
        guess(app.test_client(), "alice", password, person.secret, person.clock())


def told(app, subject):
    return [mail for mail in mails(app) if (mail["To"], mail["Subject"]) == (ALICE, subject)]


def set_up_again(person, password):
    """Go through the activation with a new phone."""
    person.fill("Current password", password)
    person.press("Continue")
    person.secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    person.tick_saved()
    person.press("Save")
    person.answer(person.code())
    expect(person.page.locator("#twofactor-status")).to_have_attribute("data-state", "on")


def test_codes_are_on_hold(app, enrolled, agent, customer_password):
    """The agent sees the hold, and unlocks with a code of their own; nothing typed is lost."""
    alice = enrolled("sign_in")
    hold_codes(app, customer_password, alice)
    alice.sign_in("alice", customer_password)
    alice.answer(alice.next_code())
    alice.sees("Too many wrong codes")

    bob = agent()
    bob.clock.advance(400)
    bob.open(f"{DESK}/")
    bob.sees("Enter a code to use the help desk")
    inspect(bob)
    give(bob)
    expect(bob.page.locator("#twofactor-person")).to_be_focused()
    inspect(bob)
    bob.page.locator("#twofactor-person").fill("<script>alice</script>")
    bob.press("Find customer")
    refused(
        bob,
        "We can't find this customer. Check the spelling, or try the e-mail address.",
        "#twofactor-person",
    )
    inspect(bob)
    find(bob, "Alice@example.org")
    assert "example.org" not in bob.page.url
    expect(bob.page.locator("h1")).to_have_text("alice")
    bob.sees("Codes are on hold until")
    inspect(bob)

    fill(bob)
    deed(bob, "unlock").click()
    bob.sees("Unlock codes for alice")
    bob.page.go_back()
    keeps(bob)
    bob.page.reload()

    # Enter in a field helps nobody.
    bob.page.locator("#twofactor-reason").fill(REASON)
    bob.page.locator("#twofactor-reason").press("Enter")
    deed(bob, "unlock").click()
    refused(bob, "Tick each box once the caller has answered.", "#twofactor-asked")
    expect(bob.page.locator("#twofactor-reason")).to_have_value(REASON)
    inspect(bob)
    fill(bob, "")
    deed(bob, "unlock").click()
    refused(bob, "Enter the reason, for example “lost phone, called back”.", "#twofactor-reason")
    keeps(bob, "")
    fill(bob)
    deed(bob, "unlock").click()
    expect(bob.page.locator("#twofactor-summary")).to_have_text("Unlock codes for alice")
    inspect(bob)
    code = bob.page.locator("input[autocomplete=one-time-code]")
    code.fill(wrong_code(bob.secret, bob.clock()))
    bob.press("Confirm")
    bob.sees("That code is wrong")
    # Too late for the pages, too: two questions, and the form is kept through both.
    bob.clock.advance(400)
    give(bob)
    expect(bob.page.locator(".twofactor-fresh")).to_be_visible()
    give(bob)
    expect(bob.page.get_by_role("status")).to_have_text("alice can enter codes again.")
    expect(bob.page.get_by_role("status")).to_be_focused()
    expect(bob.page.get_by_text("Codes are on hold")).to_have_count(0)
    bob.sees(f"For staff: dorothea: {REASON}")
    inspect(bob)
    assert told(app, "We've unlocked your account")

    alice.clock.advance(60)
    alice.sign_in("alice", customer_password)
    alice.answer(alice.next_code())
    alice.is_at("/")
    alice.open(f"{TWOFACTOR}/activity")
    alice.sees("Our support team looked at your security settings")
    alice.sees("Your codes were unlocked by our support team")
    expect(alice.page.get_by_text("dorothea")).to_have_count(0)


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
def test_a_lost_phone_takes_two_agents(app, enrolled, agent, customer_password):
    """Also with a second tab, pressed twice, without scripts and on a phone."""
    alice = enrolled("sign_in", "password")
    one, other = agent(), agent("theodor")
    find(one)
    tab = one.context.new_page()
    tab.goto(one.page.url)
    fill(one)
    deed(one, "reset").click()
    expect(one.page.locator("#twofactor-summary")).to_have_text("Ask for the reset of alice")
    give(one)
    one.sees("Another agent must confirm the reset of alice now.")
    inspect(one)
    expect(deed(one, "reset").or_(deed(one, "confirm"))).to_have_count(0)
    one.page.close()
    one.page = tab
    fill(one)
    deed(one, "reset").click()
    give(one)
    one.sees("A reset of this customer already waits for another agent.")
    expect(one.page.locator(".twofactor-error")).to_be_focused()
    inspect(one)

    open_desk(other)
    other.follow("Reset of alice")
    inspect(other)
    other.press("Confirm the reset")
    refused(other, "Tick each box once the caller has answered.", "#twofactor-asked")
    for box in other.page.locator("[name=asked]").all():
        box.check()
    other.press("Confirm the reset")
    expect(other.page.locator("#twofactor-summary")).to_contain_text("as dorothea asked: lost")
    inspect(other)
    other.page.locator("input[autocomplete=one-time-code]").fill(other.next_code())
    other.page.get_by_role("button", name="Confirm", exact=True).dblclick()
    off = "Two-factor authentication of alice is off."
    # Without scripts the browser may send both; it shows the answer to the second.
    other.sees(off if other.look.scripts else re.compile(f"{off}|already confirmed"))
    find(other)
    expect(other.page.locator("#twofactor-state")).to_have_attribute("data-level", "none")
    inspect(other)
    assert len(told(app, "Our support team turned off two-factor authentication")) == 1
    assert told(app, "Somebody asked us to turn off two-factor authentication")

    alice.sign_in("alice", customer_password)
    alice.is_at("/")
    alice.open(f"{TWOFACTOR}/activate")
    set_up_again(alice, customer_password)
    alice.open(f"{TWOFACTOR}/activity")
    alice.sees("Two-factor authentication was turned off by our support team")
    alice.inspect()


@pytest.mark.parametrize("look", [LOOKS[2]], ids=str)
def test_the_customer_starts_over(app, enrolled, agent, customer_password):
    """By the mailed link and the password, without scripts."""
    alice, dorothea = enrolled("sign_in"), agent()
    find(dorothea)
    fill(dorothea)
    deed(dorothea, "start-over").click()
    dorothea.sees("Send alice a link to start over")
    give(dorothea)
    dorothea.sees("We've sent alice a link to start over.")
    link = last_link(app, START_OVER)
    alice.open(link)
    expect(alice.page.locator("h1")).to_have_text("Set up two-factor authentication again")
    assert link.rpartition("/")[2] not in alice.page.content()
    inspect(alice)
    alice.fill("Current password", "not-the-password")
    alice.press("Start over")
    refused(alice, "Your current password is wrong. Enter it again.", "#twofactor-password")
    inspect(alice)
    alice.fill("Current password", customer_password)
    alice.press("Start over")
    alice.is_at(f"{TWOFACTOR}/activate")
    set_up_again(alice, customer_password)
    alice.open(link)
    alice.sees("This link was already used, or has expired.")
    inspect(alice)
    alice.context.clear_cookies()
    alice.sign_in("alice", customer_password)
    alice.answer(alice.next_code())
    alice.is_at("/")


@pytest.mark.parametrize("look", [LOOKS[1]], ids=str)
def test_in_german_and_for_nobody_else(app, enrolled, agent, customer_password):
    """On a phone in dark colours; without the role there are no such pages."""
    alice = enrolled("invoices")
    theo = agent("theodor", "de", locale="de-DE", color_scheme="dark")
    open_desk(theo)
    theo.sees("Was Sie zuletzt getan haben")
    theo.inspect()
    find(theo)
    theo.inspect()
    deed(theo, "reset").click()
    expect(theo.page.locator(".twofactor-error")).to_be_focused()
    theo.inspect()
    fill(theo)
    deed(theo, "reset").click()
    expect(theo.page.locator("#twofactor-summary")).to_contain_text("alice")
    theo.inspect()
    give(theo)
    expect(theo.page.get_by_role("status")).to_be_focused()
    theo.inspect()
    theo.open(f"{DESK}/figures")
    theo.inspect()
    key = re.search(r"[0-9]+", theo.page.evaluate("document.referrer") or "1")[0]

    app.test_cli_runner().invoke(args=["user", "set-role", "theodor", "customer"])
    alice.sign_in("alice", customer_password)
    for person in (theo, alice):
        for path in ("/", f"/user?key={key}", "/figures"):
            assert person.open(f"{DESK}{path}").status == 404
        expect(person.page.locator("nav").get_by_text("Helpdesk")).to_have_count(0)
        person.watch.overlook("Failed to load resource: .* 404")
