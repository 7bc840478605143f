"""Page weight and layout shifts: few bytes are sent, and nothing moves once shown."""

import gzip
from collections import Counter
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.portal.desk import DESK, Staff
from tests.portal.desk import PASSWORD as STAFF_PASSWORD
from tests.support.browser import LOOKS

pytestmark = pytest.mark.looks

MOST = 30_000  # bytes, with static files compressed as by the nginx site in `deploy/`
# Loaded when a form is first used, and not with the page.
ON_DEMAND = {"/security/two-factor/static/dialog.js"}
# Loaded with the page only where it has a passkey's block outside a dialog.
PASSKEY = "/security/two-factor/static/passkey.js"
# Chromium's layout shifts, except those just after input; the last are read, not awaited. A busy
# machine paints half a page first: until the whole one is painted, something at the right edge may
# move by its own width. In a dialog over the page, things move by what the person does there, when
# the server has answered.
SHIFTS = """
const shifts = [];
let whole = Infinity;
addEventListener('load', () => requestAnimationFrame(() => requestAnimationFrame((now) => {
  whole = now;
})));
const news = (entries) => entries.filter((entry) => !entry.hadRecentInput
  && (entry.value > 0.01 || entry.startTime >= whole));
const isOver = ({node}) => (node?.closest ? node : node?.parentElement)?.closest('dialog:modal');
const note = (entries) => news(entries).forEach((entry) => shifts.push(
  ...entry.sources.filter((source) => !isOver(source)).map(
    ({node, previousRect, currentRect}) => `${node?.nodeName}.${node?.className}: `
      + JSON.stringify([previousRect, currentRect]))));
const watch = new PerformanceObserver((list) => note(list.getEntries()));
watch.observe({type: 'layout-shift', buffered: true});
window.shifted = () => { note(watch.takeRecords()); return shifts.splice(0); };
"""
# Two frames, after which the shifts of the last change are known.
SHIFTED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
  () => setTimeout(() => done(window.shifted())))))"""


@pytest.fixture
def look():
    return LOOKS[1]


def test_the_help_desk_is_as_light(person, app, clock, enrolled, customer):
    """The front, a customer with all that can be done, a refusal, the question and the figures."""
    enrolled("sign_in")
    person.secret = Staff(app, clock).phone.secret
    person.sign_in("dorothea", STAFF_PASSWORD)
    person.answer(person.next_code())
    person.is_at("/")
    scales = Scales(person, app)
    person.open(f"{DESK}/figures")
    scales.weigh("figures")
    person.open(f"{DESK}/")
    scales.weigh("front")
    person.fill("User name or e-mail address", "alice")
    person.press("Find customer")
    person.sees("Make sure that the caller is the customer")
    scales.weigh("customer")
    person.press("Ask for a reset")
    expect(person.page.locator(".twofactor-error")).to_be_visible()
    scales.weigh("refused")
    for box in person.page.locator("[name=asked]").all():
        box.check()
    person.fill("Reason", "lost phone")
    person.press("Ask for a reset")
    person.sees("Ask for the reset of alice")
    scales.weigh("question")
    assert scales.moved == {}
    assert scales.heavy == {}
    assert min(scales.weights.values()) > 2_000, scales.weights


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


class Scales:
    """Weigh pages with an empty cache, as at a first visit; note what moves once it was shown."""

    def __init__(self, person, app):
        self._page, self._received = person.page, Received(app)
        self.weights, self.moved = {}, {}
        chromium = person.context.new_cdp_session(person.page)
        chromium.send("Network.enable")
        chromium.send("Network.setCacheDisabled", {"cacheDisabled": True})
        chromium.on("Network.requestWillBeSent", self._received.ask)
        chromium.on("Network.loadingFinished", self._received.add)
        person.context.add_init_script(SHIFTS)

    def weigh(self, state):
        self._page.wait_for_load_state("load")
        if shifts := self._page.evaluate(SHIFTED):
            self.moved[state] = shifts
        self.weights[state] = self._weight()

    def forget(self):
        """Leave out what moved because a test looked at the page in other windows and letters."""
        self._page.evaluate(SHIFTED)

    @property
    def heavy(self):
        return {state: weight for state, weight in self.weights.items() if weight >= MOST}

    def _weight(self):
        """Return the weight without the QR code, which grows with its secret."""
        code = self._page.locator("#twofactor-qr")
        drawn = len(code.evaluate("node => node.outerHTML")) if code.count() else 0
        with_page = self._page.locator("script[defer][src*='passkey.js']").count()
        return self._received.bytes - drawn - (0 if with_page else self._received.of[PASSKEY])


def test_style_sheets_are_in_the_head_and_scripts_deferred(person, let_in):
    """The first paint waits only for style sheets named in the head."""
    let_in(person)
    for path in ("/security/two-factor/", "/security/two-factor/activate", "/security/password"):
        person.open(path)
        expect(person.page.locator("main")).to_be_visible()
        assert person.page.locator("script:not([defer])").count() == 0
        assert person.page.locator("body link[rel=stylesheet]").count() == 0
