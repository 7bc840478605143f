"""Page weight and layout shifts: few bytes are sent, and nothing moves once shown."""

import gzip
from collections import Counter
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.portal.desk import DESK, Staff
from tests.portal.desk import PASSWORD as STAFF_PASSWORD
from tests.support.browser import LOOKS

from .everywhere import SETTINGS, walk

pytestmark = pytest.mark.looks

MOST = 30_000  # bytes, with static files compressed as by the nginx site in `deploy/`
# A little more: a dialog over the longest page, and the longest lists. The style sheet has the
# properties that hosts set for buttons, and the colours of Bootstrap.
HEAVIER = {"step 2, dialog, wrong code", "preferences, trusted browser", "preferences, two phones"}
# Loaded when a form is first used, and not with the page.
ON_DEMAND = {"/security/two-factor/static/dialog.js"}
# Loaded with the page only where it has a passkey's block outside a dialog.
PASSKEY = "/security/two-factor/static/passkey.js"
# Chromium's layout shifts, except those just after input; the last are read, not awaited. A busy
# machine paints half a page first: until the whole one is painted, something at the right edge may
# move by its own width.
SHIFTS = """
const shifts = [];
let whole = Infinity;
addEventListener('load', () => requestAnimationFrame(() => requestAnimationFrame((now) => {
  whole = now;
})));
const news = (entries) => entries.filter((entry) => !entry.hadRecentInput
  && (entry.value > 0.01 || entry.startTime >= whole));
const note = (entries) => news(entries).forEach((entry) => shifts.push(...entry.sources.map(
  ({node, previousRect, currentRect}) => `${node?.nodeName}.${node?.className}: `
    + JSON.stringify([previousRect, currentRect]))));
const watch = new PerformanceObserver((list) => note(list.getEntries()));
watch.observe({type: 'layout-shift', buffered: true});
window.shifted = () => { note(watch.takeRecords()); return shifts; };
"""
# Two frames, after which the shifts of the last change are known.
SHIFTED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
  () => setTimeout(() => done(window.shifted())))))"""


@pytest.fixture
def settings():
    return SETTINGS


@pytest.fixture
def look():
    return LOOKS[1]


def test_nothing_moves_and_no_page_is_heavy(person, app, customer, invoices, customer_password):
    """With an empty cache, as at a first visit; the QR code grows with its secret."""
    received = watched(person, app)
    weights = {}
    for state in walk(person, app, customer_password):
        person.page.wait_for_load_state("load")
        shifted = person.page.evaluate(SHIFTED)
        assert shifted == [], f"{state}: {shifted}"
        weights[state] = weight(person, received)
    heavy = {state: weight for state, weight in weights.items() if weight >= MOST}
    assert set(heavy) <= HEAVIER, heavy
    assert max(heavy.values()) < MOST + 1_000, heavy
    assert min(weights.values()) > 2_000, "something was measured"


def test_the_help_desk_is_as_light(person, app, clock, enrolled, customer):
    """The front, a customer with all that can be done, a refusal, the question and the figures."""
    enrolled("sign_in")
    person.secret = Staff(app, clock).phone.secret
    person.sign_in("dorothea", STAFF_PASSWORD)
    person.answer(person.next_code())
    person.is_at("/")
    received, weights = watched(person, app), {}

    def weigh(name):
        person.page.wait_for_load_state("load")
        assert person.page.evaluate(SHIFTED) == [], name
        weights[name] = weight(person, received)

    person.open(f"{DESK}/figures")
    weigh("figures")
    person.open(f"{DESK}/")
    weigh("front")
    person.fill("User name or e-mail address", "alice")
    person.press("Find customer")
    person.sees("Make sure that the caller is the customer")
    weigh("customer")
    person.press("Ask for a reset")
    expect(person.page.locator(".twofactor-error")).to_be_visible()
    weigh("refused")
    for box in person.page.locator("[name=asked]").all():
        box.check()
    person.fill("Reason", "lost phone")
    person.press("Ask for a reset")
    person.sees("Ask for the reset of alice")
    weigh("question")
    assert max(weights.values()) < MOST, weights
    assert min(weights.values()) > 2_000, weights


class Received:
    """The bytes of a page, its style sheets and scripts; late ones of another page don't count."""

    def __init__(self, app):
        self.bytes, self.asked, self.of = 0, {}, Counter()
        self._client, self._saved = app.test_client(), {}

    def ask(self, event):
        if event["type"] == "Document":
            self.bytes, self.asked, self.of = 0, {}, Counter()
        path = urlsplit(event["request"]["url"]).path
        if path not in ON_DEMAND:
            self.asked[event["requestId"]] = path

    def add(self, event):
        if event["requestId"] in self.asked:
            path = self.asked[event["requestId"]]
            sent = event["encodedDataLength"] - self._saved_by_compression(path)
            self.bytes += sent
            self.of[path] += sent

    def _saved_by_compression(self, path):
        if "/static/" not in path:
            return 0
        if path not in self._saved:
            with self._client.get(path) as file:
                self._saved[path] = len(file.data) - len(gzip.compress(file.data))
        return self._saved[path]


def watched(person, app):
    """Weigh each page from now on, with an empty cache, and note its shifts."""
    chromium = person.context.new_cdp_session(person.page)
    chromium.send("Network.enable")
    chromium.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received = Received(app)
    chromium.on("Network.requestWillBeSent", received.ask)
    chromium.on("Network.loadingFinished", received.add)
    person.context.add_init_script(SHIFTS)
    return received


def weight(person, received):
    """The weight of a page without the QR code."""
    code = person.page.locator("#twofactor-qr")
    drawn = len(code.evaluate("node => node.outerHTML")) if code.count() else 0
    with_page = person.page.locator("script[defer][src*='passkey.js']").count()
    return received.bytes - drawn - (0 if with_page else received.of[PASSKEY])


def test_style_sheets_are_in_the_head_and_scripts_deferred(person, customer, customer_password):
    """The first paint waits only for style sheets named in the head."""
    person.sign_in("alice", customer_password)
    for path in ("/security/two-factor/", "/security/two-factor/activate", "/security/password"):
        person.open(path)
        expect(person.page.locator("main")).to_be_visible()
        assert person.page.locator("script:not([defer])").count() == 0
        assert person.page.locator("body link[rel=stylesheet]").count() == 0
