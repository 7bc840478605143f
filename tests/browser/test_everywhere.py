"""Checks that every page must pass in every state."""

from contextlib import contextmanager

import pytest

from tests.support.browser import LOOKS

from .everywhere import SETTINGS, walk
from .measures import CUT, HEADINGS, MOVING, OVERLAPPING, SMALL, UNBORDERED
from .test_weight import MOST, Scales

pytestmark = pytest.mark.looks

# A little more: a dialog over the longest page, and the longest lists. The style sheet has the
# properties that hosts set for buttons, and the colours of Bootstrap.
HEAVIER = {"step 2, dialog, wrong code", "preferences, trusted browser", "preferences, two phones"}


@pytest.fixture
def settings():
    return SETTINGS


@pytest.fixture
def look():
    return LOOKS[1]


@pytest.fixture
def states(person, app, customer, invoices, customer_password):
    return walk(person, app, customer_password)


def finds(person, measure):
    person.page.wait_for_load_state("load")
    return person.page.evaluate(measure)


def small_in_order(person, state):
    """Check the order of the headings; return what is too small to be pressed."""
    levels = finds(person, HEADINGS)
    assert levels.count(1) == 1, f"{state}: {levels}"
    assert all(b - a <= 1 for a, b in zip([0, *levels], levels, strict=False)), state
    small = finds(person, SMALL)
    with person.window(320):
        return small + finds(person, SMALL)


@contextmanager
def wide(person):
    """Look at the page in a wide window meanwhile."""
    narrow, person.look = person.look, LOOKS[0]
    with person.window(LOOKS[0].width):
        yield
        person.look = narrow


def test_every_page_in_every_state(person, app, states):
    """C-122, C-128: one walk for axe, headings, sizes, colours, letters, bytes and what moves.

    The walk takes longer than most of the checks. What comes at a first visit is looked at first,
    on a phone, and the rest in a wide window.
    """
    person.open("/login")
    assert finds(person, MOVING) != [], "the measure sees what moves"
    scales, small = Scales(person, app), {}
    chromium = person.context.new_cdp_session(person.page)
    for state in states:
        scales.weigh(state)
        with wide(person):
            person.inspect()
            small[state] = small_in_order(person, state)
            without_motion_and_colours(person, state)
            with_large_and_wide_letters(person, state, chromium)
        scales.forget()
    assert len(small) > 50
    assert {state: found for state, found in small.items() if found} == {}
    assert scales.moved == {}
    assert set(scales.heavy) <= HEAVIER, scales.heavy
    assert max(scales.heavy.values()) < MOST + 1_000, scales.heavy
    assert min(scales.weights.values()) > 2_000, "something was measured"


def without_motion_and_colours(person, state):
    """Check a page in the dark, in colours that the person forces, and that nothing moves."""
    page = person.page
    # No colour transitions of buttons, which would be measured half-way.
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    person.contrast()
    assert finds(person, MOVING) == [], state
    page.emulate_media(color_scheme="light", reduced_motion="no-preference", forced_colors="active")
    assert finds(person, UNBORDERED) == [], state
    page.emulate_media(forced_colors="none")


def with_large_and_wide_letters(person, state, chromium):
    """WCAG 1.4.4, with the browser's own setting; 1.4.12 on the narrowest screen."""
    chromium.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    assert finds(person, LETTERS) == "32px"
    assert finds(person, CUT) == [], state
    assert finds(person, OVERLAPPING) == [], state
    person.fits(narrow=640)
    chromium.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    finds(person, WIDER)
    person.fits(narrow=320)
    with person.window(320):
        assert finds(person, CUT) == [], state
        assert finds(person, OVERLAPPING) == [], state
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
