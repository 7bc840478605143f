"""The help desk in hosts of other looks, with names that nobody expects, and for passkeys alone."""

import pytest
from playwright.sync_api import expect

from portal.twofactor.testing import TwoFactorTesting
from tests.support.browser import LOOKS, Look
from tests.support.virtual_device import VirtualDevice

from .conftest import kept
from .desk_host import LONG, NASTY, Host
from .measures import CUT, HEADINGS, OVERLAPPING

pytestmark = pytest.mark.thorough
CODE = "input[autocomplete=one-time-code]"


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def options():
    return {}


@pytest.fixture
def host(database, options, clock, tmp_path):
    if options.pop("arabic", False):
        options["arabic"] = tmp_path
    with kept(Host(database, clock=clock, TWOFACTOR_RP_ID="localhost", **options)) as made:
        yield made


@pytest.fixture
def app(host):
    return host.app


@pytest.fixture
def base(base):
    """Browsers know no passkeys at an IP address."""
    return base.replace("127.0.0.1", "localhost")


@pytest.fixture
def phones(app, host, clock):
    kit = TwoFactorTesting(app, clock)
    with app.app_context():
        yield {name: kit.enrol(host.named(name)) for name in ("bob", "alice", LONG, NASTY)}
    kit.restore()


def holds(person):
    """Check that nothing is cut off, overlaps or scrolls sideways, and the headings' order."""
    person.page.wait_for_load_state("load")
    person.fits()
    for measure in (CUT, OVERLAPPING):
        assert person.page.evaluate(measure) == [], person.page.url
    levels = person.page.evaluate(HEADINGS)
    assert levels.count(1) == 1, levels
    assert all(b - a <= 1 for a, b in zip([0, *levels], levels, strict=False)), levels


def confirm(person, phone):
    person.clock.advance(30)
    person.page.locator(CODE).fill(phone.code())
    person.page.locator(".twofactor-challenge form button[type=submit]").first.click()


def find(person, name):
    person.open("/help-desk/")
    person.page.locator("#twofactor-person").fill(name)
    person.page.locator("form[role=search] button").click()
    expect(person.page.locator("#twofactor-state")).to_be_visible()


@pytest.mark.parametrize(
    ("options", "look"),
    [
        ({"arabic": True}, Look(True, 320, 640)),
        ({"bootstrap": "light"}, Look(True, 390, 844)),
        ({"bootstrap": "dark"}, LOOKS[0]),
        ({"german": True}, Look(True, 320, 640)),
    ],
    ids=["from the right", "bootstrap", "bootstrap, dark", "german"],
)
def test_nothing_overflows(person, phones):
    page = person.page
    person.open("/in/bob")
    person.open("/help-desk/")
    confirm(person, phones["bob"])
    expect(page.locator("#twofactor-person")).to_be_visible()
    holds(person)
    for name in (LONG, NASTY):
        find(person, name)
        # No override turns the name around.
        expect(page.locator("h1")).to_have_text(name.replace("\u202e", ""), use_inner_text=True)
        holds(person)
        page.locator("button[formaction$=reset]").click()
        expect(page.locator(".twofactor-error")).to_be_focused()
        holds(person)
        for box in page.locator("[name=asked]").all():
            box.check()
        page.locator("#twofactor-reason").fill("w" * 200)
        page.locator("button[formaction$=start-over]").click()
        expect(page.locator("#twofactor-summary")).to_be_visible()
        holds(person)
        confirm(person, phones["bob"])
        expect(page.get_by_role("status")).to_be_visible()
        holds(person)
    # Letters twice as large.
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    holds(person)


@pytest.mark.parametrize("options", [{"desk": {"needs": "passkey", "two_people": True}}])
def test_an_agent_whose_passkey_is_demanded(app, host, person, clock):
    """The pages, and each deed on them, take no code."""
    kit = TwoFactorTesting(app, clock)
    with app.app_context():
        passkey = kit.enrol_passkey(host.named("bob"))
        kit.enrol(host.named("alice"))
    VirtualDevice(person.page).keep(passkey)
    page, use = person.page, person.page.get_by_role("button", name="Use a passkey")
    person.open("/in/bob")
    person.open("/help-desk/")
    expect(page.locator(CODE)).to_have_count(0)
    use.click()
    expect(page.locator("#twofactor-person")).to_be_focused()
    find(person, "alice")
    for box in page.locator("[name=asked]").all():
        box.check()
    page.locator("#twofactor-reason").fill("lost phone")
    page.locator("button[formaction$=reset]").click()
    expect(page.locator("#twofactor-summary")).to_have_text("Ask for the reset of alice")
    expect(page.locator(CODE)).to_have_count(0)
    person.inspect()
    use.click()
    expect(page.get_by_role("status")).to_contain_text("Another agent must confirm")
    kit.restore()
