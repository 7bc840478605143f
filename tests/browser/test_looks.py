"""Hosts with a policy, a layout and a language of their own: nothing is blocked or cut off."""

import pytest
from flask import Flask, Response
from playwright.sync_api import expect

from portal.twofactor.testing import TwoFactorTesting
from tests.support.browser import LOOKS, Look

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


@pytest.mark.parametrize("options", [{"arabic": True}])
@pytest.mark.parametrize("look", [Look(True, 375, 740), Look(True, 320, 640)])
def test_nothing_overflows_from_right_to_left(ada, host, app, testing):
    """F-101: the blueprint's own layout, at the width of a phone."""
    page = ada.page
    enrol(host, app, testing)
    paths = ["/two-factor/", "/two-factor/deactivate", "/two-factor/help", "/two-factor/activity"]
    for path in [*paths, "/two-factor/recovery", "/drawer"]:
        page.goto(f"{ada.base}{path}")
        assert page.evaluate("document.documentElement.dir") == "rtl", path
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], path
        cut = page.evaluate(
            "[...document.querySelectorAll('.twofactor *')].filter((node) => {"
            " const { left, right, width } = node.getBoundingClientRect();"
            " return width && (left < 0 || right > innerWidth + 1); }).map((n) => n.outerHTML)"
        )
        assert cut == [], path
    page.goto(f"{ada.base}/two-factor/deactivate")
    field = page.locator("[name=code]")
    # Groups of digits would change places.
    assert field.evaluate("(node) => getComputedStyle(node).direction") == "ltr"
    heading, box = page.locator("h1").bounding_box(), page.locator(".twofactor-card").bounding_box()
    assert abs(heading["x"] + heading["width"] - box["x"] - box["width"]) < 2
    expect(page.get_by_role("button", name="إيقاف")).to_be_visible()
