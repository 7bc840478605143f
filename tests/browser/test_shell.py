"""The scripts of every page show a password, and move the focus to the message."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS

pytestmark = pytest.mark.looks


@pytest.fixture
def look():
    return LOOKS[1]


def test_a_password_is_shown_while_typed_and_hidden_when_sent(person, customer, customer_password):
    person.open("/login")
    field = person.field("Password")
    show = person.page.get_by_role("button", name="Show password")
    field.fill("not-the-password")
    show.click()
    expect(field).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    person.inspect()
    person.fill("User name or e-mail address", "alice")
    with person.page.expect_request("**/login") as sent:
        person.press("Sign in")
    assert "not-the-password" in (sent.value.post_data or "")
    # What is wrong has the focus, and so has what was done.
    expect(person.page.get_by_role("alert")).to_be_focused()
    expect(person.field("Password")).to_have_attribute("type", "password")
    person.sign_in("alice", customer_password)
    person.is_at("/")
    person.open("/security/profile")
    person.press("Save")
    expect(person.page.get_by_role("status")).to_be_focused()
    expect(person.page).to_have_title("Done: Security – Customer Portal")


def test_the_header_keeps_to_its_lines(person, let_in):
    """On a tablet, name and Sign out are in the first line; on a phone the name is there."""
    let_in(person).open("/")
    for width, lines in ((768, 1), (375, 2)):
        person.page.set_viewport_size({"width": width, "height": 800})
        tops = [
            person.page.locator(f".site-{part}").bounding_box() for part in ("name", "user", "nav")
        ]
        middles = [box["y"] + box["height"] / 2 for box in tops]
        assert abs(middles[0] - middles[1]) < 4
        assert (middles[2] - middles[0] < 4) == (lines == 1)
        expect(person.page.locator(".site-user-name")).to_be_visible()


# Words of titles that are broken, at no hyphen.
BROKEN = """() => [...document.querySelectorAll('.card-head h2')].filter((title) => {
  const range = document.createRange();
  return [...title.firstChild.textContent.matchAll(/\\S+/g)].some((word) => {
    range.setStart(title.firstChild, word.index);
    range.setEnd(title.firstChild, word.index + word[0].length);
    return range.getClientRects().length > 1;
  });
}).map((title) => title.textContent)"""


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_no_word_of_a_title_is_broken_beside_a_link(people, let_in, language):
    """German words are long."""
    person = let_in(people(locale=language))
    person.open("/")
    with person.window(320):
        assert person.page.locator(".card-head h2").count() >= 2
        assert person.page.evaluate(BROKEN) == []


def test_text_of_twice_the_size_fits_the_narrowest_screen(person, invoices, customer_password):
    """Nothing of the portal's pages scrolls sideways, as with zoom (WCAG 1.4.4 and 1.4.10)."""
    large = {"fontSizes": {"standard": 32, "fixed": 26}}
    person.context.new_cdp_session(person.page).send("Page.setFontSizes", large)
    person.sign_in("alice", "not-the-password")
    person.fits()
    person.sign_in("alice", customer_password)
    person.is_at("/")
    for path in ("/", "/security/", "/security/password", "/security/email", "/invoices/"):
        person.open(path)
        person.fits()
    person.follow("2026-9000")
    person.fits()
