"""Hosts with a policy, a layout and a language of their own: nothing is blocked or cut off."""

from base64 import b32decode

import pytest
from flask import Flask, Response
from playwright.sync_api import expect

from portal.twofactor import signals
from portal.twofactor.testing import Phone, TwoFactorTesting
from tests.support.browser import LOOKS, Look
from tests.support.virtual_device import VirtualDevice

from .conftest import kept, serving
from .look_host import Host

pytestmark = pytest.mark.thorough
NONCES = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'"
)
WITH_CDN = "default-src 'self' {cdn}; script-src 'self' {cdn} 'nonce-{nonce}'; img-src data:"
NO_NONCE = "default-src 'self' {cdn}; script-src 'self' {cdn} 'unsafe-inline'; img-src data:"


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def base(base):
    """Browsers know no passkeys at an IP address."""
    return base.replace("127.0.0.1", "localhost")


@pytest.fixture
def cdn():
    """The address of another server with a style sheet and a script."""
    app = Flask("cdn")
    style = "h1 { color: rgb(1, 2, 3) }"
    app.add_url_rule("/style.css", "style", lambda: Response(style, mimetype="text/css"))
    script = "window.fromCdn = true"
    app.add_url_rule("/script.js", "script", lambda: Response(script, mimetype="text/javascript"))
    with serving(app) as port:
        yield f"http://localhost:{port}"


@pytest.fixture
def options():
    return {}


@pytest.fixture
def host(database, options, tmp_path):
    if options.pop("arabic", False):
        options["arabic"] = tmp_path
    with kept(Host(database, **options)) as made:
        yield made


@pytest.fixture
def app(host):
    return host.app


@pytest.fixture
def testing(host, app):
    with app.app_context():
        host.db.create_all()
        host.db.session.add(host.user(name="ada"))
        host.db.session.commit()
    return TwoFactorTesting(app)


@pytest.fixture
def ada(person, testing):
    person.page.goto(f"{person.base}/in")
    return person


def enrol(host, app, testing):
    with app.app_context():
        return testing.enrol(host.db.session.scalars(host.db.select(host.user)).one())


def walk(ada, host, app, testing):
    """Activation, a form with its dialog beside it, a challenge, and the way out."""
    page = ada.page
    page.goto(f"{ada.base}/two-factor/activate")
    page.get_by_label("Current password").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".twofactor-error")).to_be_visible()
    page.get_by_label("Current password").fill("lantern")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#twofactor-qr")).to_be_visible()
    phone = enrol(host, app, testing)
    page.goto(f"{ada.base}/note")
    page.get_by_role("button", name="Save").click()
    # The answer to the check takes the place of the page, under the policy of the first one.
    expect(page.get_by_text("Write something.")).to_be_visible()
    assert page.evaluate("window.inline") is True
    page.get_by_label("Text").fill("plums")
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Code").fill(phone.wrong_code())
    page.keyboard.press("Enter")
    expect(dialog.locator(".twofactor-dialog-error")).not_to_be_empty()
    dialog.get_by_label("Code").fill(phone.code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").or_(page.locator("output"))).to_have_text("plums")
    assert host.done == ["plums"]
    page.goto(f"{ada.base}/drawer")
    page.get_by_label("Code").fill(phone.code())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("socks")).to_be_visible()
    page.goto(f"{ada.base}/two-factor/")
    expect(page.get_by_role("button", name="Deactivate")).to_be_visible()


@pytest.mark.parametrize("options", [{"policy": NONCES}])
def test_a_strict_policy_with_nonces_blocks_nothing(ada, host, app, testing):
    """F-60: the person's watch finds nothing on the console."""
    walk(ada, host, app, testing)
    assert (
        ada.page.evaluate("getComputedStyle(document.querySelector('.twofactor-card')).padding")
        != "0px"
    )


class TestCdn:
    @pytest.mark.parametrize("policy", [WITH_CDN, None])
    def test_its_style_is_on_each_page(self, database, cdn, browser, clock, policy, look):
        """F-60: by the host's own policy, or by TWOFACTOR_CSP where the host sends none."""
        config = {}
        if policy is None:
            config["TWOFACTOR_CSP"] = NO_NONCE.replace("{cdn}", cdn)
        host = Host(database, policy=policy, cdn=cdn, **config)
        with host.app.app_context():
            host.db.create_all()
            host.db.session.add(host.user(name="ada"))
            host.db.session.commit()
        enrol(host, host.app, TwoFactorTesting(host.app))
        context = browser.new_context()
        told = []
        context.on("console", lambda message: told.append(message.text))
        with serving(host.app) as port:
            page = context.new_page()
            base = f"http://127.0.0.1:{port}"
            page.goto(f"{base}/in")
            for path in ("/two-factor/", "/two-factor/help", "/drawer"):
                page.goto(f"{base}{path}")
                color = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
                assert (color, page.evaluate("window.fromCdn")) == ("rgb(1, 2, 3)", True), path
            context.close()
        assert not [text for text in told if "Content Security Policy" in text]
        with host.app.app_context():
            host.db.engine.dispose()


# Elements whose first line begins neither at the right edge nor, within a row, beside others.
AT_THE_WRONG_SIDE = """() => [...document.querySelectorAll('.twofactor :is(h1, h2, p, li, label)')]
  .filter((node) => {
    const style = getComputedStyle(node), range = document.createRange();
    if (style.direction !== "rtl" || !/^(block|list-item)$/.test(style.display)) return false;
    range.selectNodeContents(node);
    const tops = [...range.getClientRects()].filter(({ width }) => width);
    if (!tops.length) return false;
    const first = tops.filter(({ top }) => top < tops[0].bottom);
    const edge = node.getBoundingClientRect().right - parseFloat(style.paddingRight)
      - parseFloat(style.borderRightWidth);
    return Math.abs(Math.max(...first.map(({ right }) => right)) - edge) > 2;
  }).map((node) => node.outerHTML)"""
CUT_OFF = """() => [...document.querySelectorAll('.twofactor, .twofactor *')].filter((node) => {
  const { left, right, width } = node.getBoundingClientRect();
  return width && (left < 0 || right > innerWidth + 1); }).map((node) => node.outerHTML)"""


class Arabic:
    """Ada's way through each kind of page; after each step she stands on one.

    Args:
        ada: she is signed in.
        app: the application.
        testing: its kit.
    """

    def __init__(self, ada, app, testing):
        self.page, self.base, self.app = ada.page, ada.base, app
        self.clock = testing.clock
        self.phone = self.spare = None
        self.device = VirtualDevice(ada.page)

    def open(self, path):
        self.page.goto(f"{self.base}{path}")
        return path

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).locator("visible=true").click()

    def read(self):
        """Return the authenticator app that the page sets up."""
        secret = self.page.locator("#twofactor-secret").inner_text().replace(" ", "")
        return Phone(b32decode(secret), "", self.clock, -1)

    def give(self, phone):
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Code").fill(phone.code())
        self.press("Confirm")

    def wizard(self):
        yield self.open("/two-factor/activate")
        self.press("Continue")
        expect(self.page.locator(".twofactor-error")).to_be_visible()
        yield "step 1, refused"
        self.page.get_by_label("Current password").fill("lantern")
        self.page.get_by_label("Authenticator app").check()
        self.press("Continue")
        self.phone = self.read()
        yield "step 2"
        self.page.get_by_label("I have printed").check()
        self.press("Save")
        yield "step 2, dialog"
        self.give(self.phone)
        expect(self.page.locator("#twofactor-status")).to_have_attribute("data-state", "on")
        yield "activated"

    def passkeys(self):
        yield self.open("/two-factor/authenticators/new")
        for kind in ("Authenticator app", "Passkey:"):
            self.open("/two-factor/authenticators/new")
            self.page.get_by_label(kind).check()
            self.page.get_by_label("Name").fill(f"My {kind}")
            self.page.get_by_label("Code").fill(self.phone.code())
            self.press("Continue")
            if kind == "Passkey:":
                expect(self.page.get_by_role("button", name="Create passkey")).to_be_visible()
                yield "a passkey is made"
                self.press("Create passkey")
            else:
                self.spare = self.read()
                yield "an app is added"
                self.press("Save")
                yield "an app is added, dialog"
                self.give(self.spare)
            expect(self.page.locator(".notice-success")).to_be_visible()
            yield "added"
        links = self.page.locator("a[href*='/authenticators/']:not([href$='/new'])")
        for path in [link.get_attribute("href") for link in links.all()]:
            yield self.open(path)
        self.page.get_by_label("Name").fill("")
        self.press("Save")
        yield "no name"

    def challenges(self):
        yield self.open("/drawer")
        self.page.get_by_label("Code").fill(self.phone.wrong_code())
        self.press("Confirm")
        yield "challenge, wrong"
        self.open("/two-factor/")
        self.page.get_by_label("Notes").uncheck()
        self.press("Save")
        yield "dialog"
        self.page.get_by_role("dialog").get_by_label("Code").fill(self.phone.wrong_code())
        self.press("Confirm")
        expect(self.page.locator(".twofactor-dialog-error").first).not_to_be_empty()
        yield "dialog, wrong"
        yield self.open("/begin")
        self.page.get_by_text("Try another way").click()
        yield self.open("/two-factor/sign-in?use=recovery")
        self.open("/in")

    def others(self):
        for path in ("", "help", "activity", "recovery", "recovery/check", "check-up"):
            yield self.open(f"/two-factor/{path}")
        self.open("/two-factor/recovery")
        self.page.get_by_label("Code").fill(self.phone.code())
        self.press("Create")
        yield "a new recovery code"

    def undoing(self):
        """To the end: it is turned off, and on again."""
        links = []

        def note(_app, undo, **_facts):
            links.append(undo)

        yield self.open("/two-factor/deactivate")
        with signals.deactivated.connected_to(note, sender=self.app):
            self.page.get_by_label("Code").fill(self.phone.code())
            if (password := self.page.get_by_label("Current password")).count():
                password.fill("lantern")
            self.press("إيقاف")
            expect(self.page.locator("#twofactor-status")).to_have_attribute("data-state", "off")
        yield "off"
        yield self.open(f"/two-factor/undo/{links[0]}")
        self.press("Yes, undo this")
        expect(self.page.get_by_role("heading", name="From now on")).to_be_visible()
        yield "undone"
        self.page.context.clear_cookies()
        yield self.open(f"/two-factor/undo/{links[0]}")


def keeps_to_the_right(page, state):
    assert page.evaluate(CUT_OFF) == [], state
    assert page.evaluate(AT_THE_WRONG_SIDE) == [], state


@pytest.mark.parametrize("options", [{"arabic": True, "TWOFACTOR_RP_ID": "localhost"}])
@pytest.mark.parametrize("look", [Look(True, 390, 844)])
def test_nothing_overflows_from_right_to_left(ada, host, app, testing):
    """F-101: the blueprint's own layout, at the widths of phones."""
    page, way = ada.page, Arabic(ada, app, testing)
    seen = []
    for part in (way.wizard, way.passkeys, way.challenges, way.others, way.undoing):
        for state in part():
            page.wait_for_load_state("load")
            assert page.evaluate("document.documentElement.dir") == "rtl", state
            ada.fits()
            keeps_to_the_right(page, state)
            with ada.window(320):
                keeps_to_the_right(page, state)
            for field in page.locator(".twofactor-code, #twofactor-secret").all():
                # Groups of digits would change places.
                assert field.evaluate("node => getComputedStyle(node).direction") == "ltr", state
            seen.append(state)
    assert len(seen) > 30
