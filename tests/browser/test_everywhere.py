"""Checks that every page must pass in every state."""

import pytest

from tests.support.browser import LOOKS

from .everywhere import SETTINGS, walk
from .measures import CUT, HEADINGS, MOVING, OVERLAPPING, SMALL, UNBORDERED

pytestmark = pytest.mark.looks


@pytest.fixture
def settings():
    return SETTINGS


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def states(person, app, customer, invoices, customer_password):
    return walk(person, app, customer_password)


def finds(person, measure):
    person.page.wait_for_load_state("load")
    return person.page.evaluate(measure)


def at_width(person, width, measure):
    person.page.set_viewport_size({"width": width, "height": person.look.height})
    found = finds(person, measure)
    person.page.set_viewport_size({"width": person.look.width, "height": person.look.height})
    return found


def small_in_order(person, state):
    """Check the order of the headings; return what is too small to be pressed."""
    levels = finds(person, HEADINGS)
    assert levels.count(1) == 1, f"{state}: {levels}"
    assert all(b - a <= 1 for a, b in zip([0, *levels], levels, strict=False)), state
    return finds(person, SMALL) + at_width(person, 320, SMALL)


def test_axe_headings_and_what_is_pressed(person, states):
    """C-122, C-128: in the light and in the dark."""
    small = {}
    for state in states:
        person.inspect()
        small[state] = small_in_order(person, state)
        # No colour transitions of buttons, which would be measured half-way.
        person.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        person.contrast()
        person.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    assert len(small) > 50
    assert {state: found for state, found in small.items() if found} == {}


def test_large_and_wide_letters_reduced_motion_and_forced_colours(person, states):
    """C-128: WCAG 1.4.4, with the browser's own setting; 1.4.12 on the narrowest screen."""
    person.open("/login")
    assert finds(person, MOVING) != [], "the measure sees what moves"
    chromium = person.context.new_cdp_session(person.page)
    for state in states:
        person.page.emulate_media(reduced_motion="reduce")
        assert finds(person, MOVING) == [], state
        person.page.emulate_media(reduced_motion="no-preference", forced_colors="active")
        assert finds(person, UNBORDERED) == [], state
        person.page.emulate_media(forced_colors="none")
        chromium.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
        assert finds(person, LETTERS) == "32px"
        assert finds(person, CUT) == [], state
        assert finds(person, OVERLAPPING) == [], state
        person.fits(narrow=640)
        chromium.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
        finds(person, WIDER)
        assert at_width(person, 320, CUT) == [], state
        assert at_width(person, 320, OVERLAPPING) == [], state
        person.fits()
        finds(person, "document.adoptedStyleSheets = []")


LETTERS = "getComputedStyle(document.documentElement).fontSize"
WIDER = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    * { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important; }
    p { margin-block-end: 2em !important; }
  `);
  document.adoptedStyleSheets = [sheet];
}"""
