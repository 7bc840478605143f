"""The dialog that asks, before a session ends, whether to stay signed in."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS

MINUTE = 60
# The script is the same at each width; without scripts nothing asks.
pytestmark = pytest.mark.parametrize("look", LOOKS[:1], ids=str, indirect=True)


@pytest.fixture
def waiting(person, customer, customer_password):
    """A page of somebody signed in, whose clock the test moves."""
    person.page.clock.install()
    person.sign_in("alice", customer_password)
    person.is_at("/")
    person.open("/security/profile")
    person.fill("Company", "Rabbit & Sons")
    return person


def pass_by(person, clock, seconds):
    """Move the server's clock and the browser's."""
    clock.advance(seconds)
    person.page.clock.run_for(seconds * 1000)


def test_two_minutes_before_the_end_the_page_asks_whether_to_stay(waiting, clock):
    """F-34: Escape leaves it for later, and the button extends the session."""
    dialog = waiting.page.get_by_role("alertdialog", name="Stay signed in?")
    pass_by(waiting, clock, 57 * MINUTE)
    expect(dialog).to_be_hidden()
    pass_by(waiting, clock, MINUTE + 2)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Stay signed in")).to_be_focused()
    waiting.inspect()
    waiting.page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    pass_by(waiting, clock, 57 * MINUTE)
    assert waiting.page.request.get(f"{waiting.base}/session").json()["signed_in"]
    pass_by(waiting, clock, 2 * MINUTE)
    expect(dialog).to_be_visible()
    waiting.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_after_the_end_the_page_says_so_and_what_was_typed_is_kept(
    waiting, clock, customer_password
):
    """F-34: the form is sent, leads through the sign-in, and comes back filled."""
    dialog = waiting.page.get_by_role("alertdialog", name="Stay signed in?")
    pass_by(waiting, clock, 58 * MINUTE + 2)
    expect(dialog).to_be_visible()
    pass_by(waiting, clock, 3 * MINUTE)
    expect(dialog.get_by_text("You were signed out.")).to_be_visible()
    waiting.press("Close", dialog)
    waiting.press("Save")
    waiting.sees("kept what you typed")
    waiting.fill("User name or e-mail address", "alice")
    waiting.fill("Password", customer_password)
    waiting.press("Sign in")
    waiting.is_at("/security/profile")
    expect(waiting.field("Company")).to_have_value("Rabbit & Sons")
    waiting.press("Save")
    waiting.sees("Your profile is saved.")


def test_two_minutes_before_a_step_ends_its_page_says_so(enrolled, customer_password):
    """F-34: at the second step; the wizard has the same line."""
    person = enrolled("sign_in")
    person.page.clock.install()
    person.sign_in("alice", customer_password)
    person.asked()
    line = person.page.locator("[data-twofactor-ends]")
    person.page.clock.run_for(7 * MINUTE * 1000)
    expect(line).to_be_hidden()
    person.page.clock.run_for((MINUTE + 2) * 1000)
    expect(line).to_be_visible()
    expect(line).to_contain_text("less than 2 minutes")
    person.inspect()
    person.page.clock.run_for(2 * MINUTE * 1000)
    expect(line).to_have_text("Your time is up. Sign in again.")
