"""The figures of the help desk in a browser: in the light, the dark, other colours, on paper."""

import re
import subprocess

import pytest
from playwright.sync_api import expect

from portal.extensions import twofactor
from portal.twofactor.core.records import Event
from portal.twofactor.testing import TwoFactorTesting
from tests.support.browser import LOOKS, needed

pytestmark = [pytest.mark.looks, pytest.mark.thorough]

WEEK = 7 * 86_400
COUNTS = {"code_accepted": 4000, "passkey_accepted": 700, "code_wrong": 90, "held": 7, "locked": 1}
SCRIPTED, PLAIN = LOOKS[0], LOOKS[3]


@pytest.fixture
def look(request):
    return getattr(request, "param", SCRIPTED)


@pytest.fixture
def agent(app, customer, runner):
    """Alice is staff, and has some weeks to look at; returns her phone."""
    runner.invoke(args=["user", "set-role", "alice", "staff"])
    with app.app_context():
        phone = TwoFactorTesting(app).enrol(customer)
        kit = app.extensions["twofactor"].kit
        events = [
            Event("somebody", int(kit.clock()) - week * WEEK, kind)
            for week in range(12)
            for kind, count in COUNTS.items()
            for _ in range(count // (week + 4))
        ]
        kit.store.run(lambda transaction: transaction.record(*events))
        twofactor.operator.keep_figures()
    return phone


@pytest.fixture
def shown(people, agent, customer_password):
    """A browser with the page, signed in with password and code."""

    def show(**options):
        person = people(**options)
        person.open("/login")
        person.page.locator("#identity").fill("alice")
        person.page.locator("#password").fill(customer_password)
        person.page.locator("main form button[type=submit]").first.click()
        person.page.locator("input[autocomplete='one-time-code']").fill(agent.code())
        person.page.locator("form button[type=submit]").first.click()
        expect(person.page).not_to_have_url(re.compile("sign-in"))
        person.open("/help-desk/figures")
        expect(person.page.locator("figure")).to_have_count(7)
        return person

    return show


def unfold(person):
    for each in person.page.locator("figure summary").all():
        each.click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_at_both_widths_with_the_tables_open_and_closed(shown, scheme):
    person = shown(color_scheme=scheme)
    person.inspect()
    with person.window(320):
        person.contrast()
    unfold(person)
    person.inspect()
    with person.window(320):
        assert person._axe(person.page) == []


@pytest.mark.parametrize("look", [PLAIN], indirect=True, ids=str)
def test_without_scripts_it_is_the_same(shown):
    person = shown()
    svg = person.page.get_by_role("img", name="Right answers")
    expect(svg).to_be_visible()
    expect(svg).to_have_accessible_description(re.compile("Most: 1,175, in the week from"))
    person.page.locator("figure", has=svg).locator("summary").click()
    table = person.page.get_by_role("region", name="Right answers").get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["Week from", "Right codes", "Right passkeys"]
    )
    expect(table.get_by_role("row").last.get_by_role("cell")).to_have_text(["1,000", "175"])


def test_the_bars_have_their_colour_and_pattern_from_the_style_sheet(shown):
    """The policy lets neither style nor script into the drawing, and it needs none."""
    person = shown()
    style = "node => { const s = getComputedStyle(node); return [s.fill, s.stroke]; }"
    solid = person.page.locator("figure path.twofactor-solid").last.evaluate(style)
    striped = person.page.locator("figure path.twofactor-striped").last.evaluate(style)
    accent = person.page.locator("main a").first.evaluate("node => getComputedStyle(node).color")
    assert solid == [accent, accent]
    assert striped == ['url("#twofactor-striped")', accent]
    assert pixels(person, "figure li:has(.twofactor-solid) svg") != pixels(
        person, "figure li:has(.twofactor-striped) svg"
    )


def pixels(person, selector):
    return person.page.locator(selector).first.screenshot()


def test_in_forced_colours_bars_stand_out_from_the_ground(shown):
    person = shown(forced_colors="active", color_scheme="dark")
    bars = person.page.locator("figure svg .twofactor-bar")
    fills = bars.evaluate_all(
        "all => all.map((node) => getComputedStyle(node)).map((style) => style.fill + style.stroke)"
    )
    text = person.page.evaluate("() => getComputedStyle(document.querySelector('figure')).color")
    assert fills
    assert set(fills) <= {text + text, f'url("#twofactor-striped"){text}'}
    assert pixels(person, "figure li:has(.twofactor-solid) svg") != pixels(
        person, "figure li:has(.twofactor-striped) svg"
    )


def test_read_from_the_right_the_weeks_begin_there(shown):
    person = shown()
    person.page.evaluate("document.documentElement.dir = 'rtl'")
    svg = person.page.get_by_role("img", name="Right answers")
    turned = "node => new DOMMatrix(getComputedStyle(node).transform).a"
    assert svg.evaluate(turned) == -1
    assert person.page.locator(".twofactor-shares svg").first.evaluate(turned) == -1
    first, last = person.page.locator(".twofactor-ends").first.locator("small").all()
    assert first.bounding_box()["x"] > last.bounding_box()["x"]
    person.fits()


def test_on_paper_the_tables_are_open(shown, tmp_path):
    person = shown()
    paper = tmp_path / "figures.pdf"
    person.page.pdf(path=paper, format="A4")
    text = subprocess.run(
        [needed("pdftotext"), "-layout", str(paper), "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert len(re.findall(r"\d [A-Z][a-z]+ +1,000 +175", text)) == 1
    assert "26 weeks" not in text


def test_in_german(shown):
    person = shown(locale="de-DE")
    page = person.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Zahlen")
    assert page.get_by_role("heading", level=2).all_inner_texts() == [
        "Wo gefragt wird",
        "Passkeys und Apps",
        "Kunden mit Zwei-Faktor-Authentifizierung",
        "Richtige Antworten",
        "Abgelehnte Antworten",
        "Wartezeiten und Sperren",
        "Zurücksetzungen und Links zum Neubeginn",
    ]
    person.sees(re.compile(r"Am meisten: 1\.175, in der Woche ab \d+\. [A-Z]"))
    expect(page.get_by_role("navigation", name="Anzeigen").get_by_role("link")).to_have_text(
        ["12 Wochen", "26 Wochen", "52 Wochen"]
    )
    person.inspect()
    with page.expect_download() as found:
        page.get_by_role("link", name=re.compile("CSV")).click()
    first = found.value.path().read_text(encoding="utf-8-sig").splitlines()[0]
    assert first.startswith("Woche ab,Eingeschaltet,Neu eingeschaltet,")
