"""Scripts that come late, on a slow line, leave alone what a person does meanwhile."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS, Held


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def profile(person, customer, let_in):
    let_in(person)
    person.open("/security/profile")
    return person


def test_a_notice_takes_the_focus_from_nobody(profile):
    """The notice is read first, unless the person is further by then."""
    page = profile.page
    script = Held(page, "page.js")
    profile.press("Save")
    profile.is_at("/security/")
    notice, skip = page.locator(".notice"), page.get_by_role("link", name="Skip to main content")
    expect(notice).to_be_visible()
    page.keyboard.press("Tab")
    script.arrive()
    page.wait_for_load_state("load")
    expect(skip).to_be_focused()
    page.unroute_all()
    profile.open("/security/profile")
    profile.press("Save")
    expect(notice).to_be_focused()


def switched(person):
    """Switch to German, with a late script of the switch; return it."""
    script = Held(person.page, "typed.js")
    person.press("Deutsch", person.page.locator("footer"))
    script.arrive()
    script.wait()
    return script


def test_the_language_switch_puts_nothing_over_what_is_typed(profile):
    page = profile.page
    profile.fill("Name", "Alice Ä.")
    profile.fill("Company", "Rabbit")
    script = switched(profile)
    name = profile.field("Name")
    name.focus()
    page.keyboard.type("x")
    typed = name.input_value()
    script.arrive()
    expect(profile.field("Firma")).to_have_value("Rabbit")
    expect(name).to_have_value(typed)


def test_the_language_switch_unticks_no_box(person):
    person.open("/login")
    person.fill("User name or e-mail address", "alice")
    script = switched(person)
    remember = person.page.locator("[name=remember]")
    remember.focus()
    person.page.keyboard.press("Space")
    script.arrive()
    expect(person.field("Benutzername oder E-Mail-Adresse")).to_have_value("alice")
    expect(remember).to_be_checked()
