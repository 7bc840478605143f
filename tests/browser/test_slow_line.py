"""Scripts that come late, on a slow line, leave alone what a person does meanwhile."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def profile(person, customer, let_in):
    let_in(person)
    person.open("/security/profile")
    return person


def held(page, script):
    """Hold back a script from now on; return its requests."""
    routes = []

    def hold(route):
        routes.append(route)

    page.route(f"**/{script}", hold)
    return routes


def test_a_notice_takes_the_focus_from_nobody(profile):
    """The notice is read first, unless the person is further by then."""
    page = profile.page
    late = held(page, "page.js")
    profile.press("Save")
    profile.is_at("/security/")
    notice, skip = page.locator(".notice"), page.get_by_role("link", name="Skip to main content")
    expect(notice).to_be_visible()
    page.keyboard.press("Tab")
    late.pop().continue_()
    page.wait_for_load_state("load")
    expect(skip).to_be_focused()
    page.unroute_all()
    profile.open("/security/profile")
    profile.press("Save")
    expect(notice).to_be_focused()


def test_the_language_switch_puts_nothing_over_what_is_typed(profile):
    page = profile.page
    profile.fill("Name", "Alice Ä.")
    profile.fill("Company", "Rabbit")
    late = held(page, "typed.js")
    with page.expect_request("**/typed.js"):
        profile.press("Deutsch", page.locator("footer"))
    with page.expect_request("**/typed.js"):
        late.pop().continue_()
    name = profile.field("Name")
    name.focus()
    page.keyboard.type("x")
    typed = name.input_value()
    late.pop().continue_()
    expect(profile.field("Firma")).to_have_value("Rabbit")
    expect(name).to_have_value(typed)
