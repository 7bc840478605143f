"""The script of passkeys, in Chromium with a virtual authenticator."""

import json

import pytest
from playwright.sync_api import expect

from portal.twofactor.testing.device import from_base64url
from tests.support.browser import Held, Watch, until
from tests.support.virtual_device import VirtualDevice

from .conftest import serving
from .passkey_host import Host
from .passkey_people import use

NOTHING = "Nothing was confirmed. Try again, or use a code."
# Each call of the browser is noted; a held one waits until it is stopped.
NOTED = """
if (window.CredentialsContainer) {
  Object.assign(window, { calls: 0, held: false, own: CredentialsContainer.prototype.get });
  CredentialsContainer.prototype.get = function (options) {
    calls += 1;
    if (!held) return own.call(this, options);
    return new Promise((_, failed) =>
      options.signal.addEventListener("abort", () => failed(options.signal.reason)));
  };
}
"""


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def served(host):
    with serving(host.app) as port:
        yield f"http://localhost:{port}"


@pytest.fixture
def context(browser, served):
    context = browser.new_context(base_url=served, viewport={"width": 375, "height": 740})
    context.set_default_timeout(5000)
    context.add_init_script(NOTED)
    watch = Watch(context, served)
    yield context
    context.close()
    assert not [one for one in watch.faults if "another host" not in one]


@pytest.fixture
def page(context):
    page = context.new_page()
    page.device = VirtualDevice(page)
    return page


def make(page, query=""):
    page.goto(f"/make{query}")
    page.get_by_label("I have printed").check()
    page.get_by_role("button", name="Create passkey").click()
    expect(page.get_by_role("heading", name="Made")).to_be_visible()


def open_dialog(page, by="Save"):
    page.goto("/dialog")
    page.get_by_label("Text").fill("something typed")
    page.get_by_role("button", name=by).click()
    expect(use(page)).to_be_visible()


def done(page):
    expect(page.get_by_role("heading", name="Done")).to_be_visible()


def test_a_passkey_answers_in_the_dialog_in_the_place_of_a_code(page, host):
    """The answer goes with the form, its fields and the button that was pressed."""
    make(page)
    with page.expect_response("**/passkey"):
        open_dialog(page, "Other")
    expect(use(page)).to_be_focused()
    assert host.asked[-1]["address"] == "/deed?of=Jos%C3%A9"
    page.keyboard.press("Enter")
    done(page)
    sent, answer = host.sent[-1], host.answer()
    assert (sent["text"], sent["how"], sent["twofactor_code"]) == ("something typed", "second", "")
    assert answer["client"]["challenge"] == host.challenges[-1]
    assert answer["id"] == answer["rawId"] == host.passkeys[0]["id"]
    assert len(host.asked) == 1


def hold(page):
    """Let the device wait until it is stopped."""
    page.evaluate("held = true")


def go_on(page):
    page.evaluate("held = false")


def calls(page):
    return page.evaluate("calls")


def test_everything_survives_a_cancelled_ceremony(page, host):
    """W-33: typed text, pressed button and focus, after Escape, a failure and a retry."""
    make(page)
    open_dialog(page, "Other")
    page.device.send("setUserVerified", isUserVerified=True)
    hold(page)
    use(page).click()
    expect(use(page)).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("status")).to_have_text("Follow your device.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Other")).to_be_focused()
    go_on(page)
    page.keyboard.press("Enter")
    expect(use(page)).to_be_focused()
    page.evaluate(FAILS.format("NotAllowedError"))
    use(page).click()
    expect(page.get_by_role("status")).to_have_text(NOTHING)
    expect(use(page)).to_be_focused()
    expect(use(page)).to_have_attribute("aria-disabled", "false")
    page.evaluate("() => { CredentialsContainer.prototype.get = window.own; }")
    asked = len(host.asked)
    page.keyboard.press("Enter")
    done(page)
    assert len(host.asked) == asked, "a cancelled ceremony uses no challenge up"
    sent = host.sent[-1]
    assert (sent["text"], sent["how"]) == ("something typed", "second")


FAILS = """() => {{ CredentialsContainer.prototype.get = CredentialsContainer.prototype.create =
  () => Promise.reject(new DOMException("words of the browser", "{}")); }}"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("AbortError", NOTHING),
        ("SecurityError", "Passkeys for this account only work at localhost."),
        ("NotSupportedError", "This device or browser can't use passkeys."),
        ("InvalidStateError", NOTHING),
    ],
)
def test_each_failure_has_its_sentence(page, name, text):
    """Errors are told by their names, never in the words of the browser."""
    open_dialog(page)
    page.evaluate(FAILS.format(name))
    use(page).click()
    expect(page.get_by_role("status")).to_have_text(text)
    # F-61: with the host's classes of an error.
    line = "own-error twofactor-field-error twofactor-passkey-says"
    expect(page.get_by_role("status")).to_have_attribute("class", line)


def test_the_click_starts_the_ceremony_itself(page, host):
    """W-34: opening fetches, and nothing is fetched between the click and the device."""
    make(page)
    with page.expect_response("**/passkey"):
        open_dialog(page)
    hold(page)
    before = page.evaluate(
        """() => { const button = document.querySelector("[data-twofactor-passkey]");
        button.click(); return calls; }"""
    )
    assert before == 1, "the device is asked before the click has ended"
    assert len(host.asked) == 1


def test_old_options_are_fetched_anew_at_the_click(page, host):
    """Those that end within 30 seconds give a person too little time."""
    make(page)
    host.seconds = 29
    with page.expect_response("**/passkey"):
        open_dialog(page)
    host.seconds = 300
    use(page).click()
    done(page)
    assert host.answer()["client"]["challenge"] == host.challenges[-1]
    assert len(host.asked) == 2


def test_a_second_ceremony_ends_the_first(page, host):
    """W-35: one at a time, with no word of one that is pending; a double click starts one."""
    make(page)
    open_dialog(page)
    hold(page)
    use(page).dblclick()
    until(page, "calls")
    assert calls(page) == 1
    go_on(page)
    page.keyboard.press("Enter")
    done(page)
    assert calls(page) == 2
    assert len(host.sent) == 2  # one made, one used


def test_stopped_by_the_browser_itself(page, host):
    """W-35: a real ceremony that waits for a finger is ended by the next one."""
    make(page)
    page.device.send("setAutomaticPresenceSimulation", enabled=False)
    open_dialog(page)
    use(page).click()
    expect(page.get_by_role("status")).to_have_text("Follow your device.")
    page.get_by_role("button", name="Cancel").click()
    page.device.send("setAutomaticPresenceSimulation", enabled=True)
    page.get_by_role("button", name="Save").click()
    use(page).click()
    done(page)


def test_a_code_ends_the_ceremony(page, host):
    """Enter in the code's field is the code's, and the passkey's answer is not sent."""
    make(page)
    open_dialog(page)
    hold(page)
    use(page).click()
    page.get_by_label("Code").fill("123456")
    page.keyboard.press("Enter")
    done(page)
    sent = host.sent[-1]
    assert (sent["twofactor_code"], sent["twofactor_passkey"]) == ("123456", "")


def test_a_refused_passkey_can_be_tried_again(page, host):
    """W-33: the reason is told at the button, and the next try has a new challenge."""
    make(page)
    message = "That passkey was not accepted. Try again, or use a code."
    host.refusals = [{"error": "twofactor_invalid", "message": message}]
    open_dialog(page)
    use(page).click()
    expect(page.get_by_role("status")).to_have_text(message)
    expect(use(page)).to_be_focused()
    expect(page.get_by_role("alert")).to_be_hidden()
    page.keyboard.press("Enter")
    done(page)
    assert len(host.asked) == 2
    assert host.answer()["client"]["challenge"] == host.challenges[-1]
    assert host.sent[-1]["text"] == "something typed"


def test_a_refused_code_is_told_at_the_code(page, host):
    """The passkey is offered again with a challenge that counts."""
    make(page)
    host.refusals = [{"error": "twofactor_invalid", "message": "That code is wrong."}]
    open_dialog(page)
    page.get_by_label("Code").fill("123456")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That code is wrong.")
    expect(page.get_by_label("Code")).to_be_focused()
    use(page).click()
    done(page)


def test_where_a_passkey_was_used_last_the_device_is_asked_at_once(page, host):
    """Once a page: after it was cancelled, the person presses the button."""
    make(page)
    open_dialog(page)
    use(page).click()
    done(page)
    page.goto("/dialog")
    hold(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Follow your device.")
    until(page, "calls")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save").click()
    expect(use(page)).to_be_focused()
    assert calls(page) == 1
    page.get_by_label("Code").fill("123456")
    page.get_by_role("button", name="Confirm").click()
    done(page)
    open_dialog(page)
    assert calls(page) == 0, "a code was used last"


def test_a_script_that_comes_late_leaves_the_person_typing(page, host):
    """On a slow line the passkey is offered after the dialog opened; no digit goes astray."""
    make(page)
    open_dialog(page)
    use(page).click()
    done(page)
    script = Held(page, "passkey.js")
    code = page.get_by_label("Code")
    for where in ("dialog", "asks"):
        page.goto(f"/{where}", wait_until="commit")
        if where == "dialog":
            page.get_by_role("button", name="Save").click()
        expect(code).to_be_focused()
        page.keyboard.type("123")
        script.arrive()
        expect(use(page)).to_be_visible()
        page.keyboard.type("456")
        expect(code).to_have_value("123456")
        assert calls(page) == 0, "the device is not asked either"
        page.keyboard.press("Enter")
        done(page)
        assert host.sent[-1]["twofactor_code"] == "123456"


def test_a_page_that_asks(page, host):
    """The challenge page has fetched options with the sealed form; the button has the focus."""
    make(page)
    with page.expect_response("**/passkey"):
        page.goto("/asks")
    assert host.asked[-1]["twofactor_pending"] == "sealed"
    expect(use(page)).to_be_focused()
    page.get_by_label("Code").fill("12")
    use(page).click()
    done(page)
    assert host.sent[-1]["twofactor_code"] == ""
    assert host.answer()["client"]["type"] == "webauthn.get"
    page.go_back()
    assert page.locator("[name=twofactor_passkey]").input_value() == ""
    use(page).click()
    done(page)
    first, second = host.challenges[-2:]
    assert host.answer()["client"]["challenge"] == second != first


def test_a_script_of_the_host_asks(page, host):
    """`twofactor.ask` gives the headers for the request that the script names."""
    make(page)
    page.goto("/make")
    page.evaluate(
        """() => { const to = { method: "PUT", address: "/notes/7" };
        window.given = twofactor.ask("note", to); }"""
    )
    expect(use(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    headers = page.evaluate("given")
    answer = json.loads(from_base64url(headers["X-Twofactor-Passkey"]))
    assert answer["id"] == host.passkeys[0]["id"]
    assert (host.asked[-1]["method"], host.asked[-1]["address"]) == ("PUT", "/notes/7")
    page.evaluate("() => { window.given = twofactor.ask('note'); }")
    expect(page.get_by_role("textbox")).to_be_focused()
    expect(use(page)).to_be_hidden()
    page.get_by_role("textbox").fill("123 456")
    page.keyboard.press("Enter")
    assert page.evaluate("given") == "123456"


def test_two_tabs_in_any_order(context, page, host):
    """W-27: each has a challenge of its own."""
    make(page)
    open_dialog(page)
    other = context.new_page()
    VirtualDevice(other).send(
        "addCredential", credential=page.device.send("getCredentials")["credentials"][0]
    )
    open_dialog(other)
    use(page).click()
    done(page)
    first = host.answer()["client"]["challenge"]
    use(other).click()
    done(other)
    assert host.answer()["client"]["challenge"] != first
    assert [first, host.answer()["client"]["challenge"]] == host.challenges[-2:]


def test_a_failed_registration_burns_nothing(page, host):
    """W-19: the same page makes a passkey at the next try; W-16: one that is there is told."""
    page.goto("/make")
    create = page.get_by_role("button", name="Create passkey")
    create.click()
    expect(page.get_by_role("heading", name="Made")).to_be_visible()
    assert host.sent[-1]["passkey"] == "", "the box was not ticked, which the server tells"
    page.goto("/make")
    page.get_by_label("I have printed").check()
    page.evaluate("() => { window.own = CredentialsContainer.prototype.create; }")
    page.evaluate(FAILS.format("NotAllowedError"))
    create.click()
    expect(page.get_by_role("status")).to_have_text(
        "Your device didn't create a passkey. Try again."
    )
    page.evaluate("() => { CredentialsContainer.prototype.create = window.own; }")
    create.click()
    expect(page.get_by_role("heading", name="Made")).to_be_visible()
    made = json.loads(host.sent[-1]["passkey"])
    assert made["response"]["transports"] == ["internal"]
    page.goto("/make")
    page.get_by_label("I have printed").check()
    create.click()
    there = "This device or password manager has a passkey for this account already."
    expect(page.get_by_role("status")).to_have_text(there)


def test_programs_that_stand_in_for_the_browser(page, host):
    """W-37: the answer is put together by hand, with `toJSON` and `getPublicKey` broken."""
    make(page, "?replace")
    page.goto("/asks?replace")
    use(page).click()
    done(page)
    assert host.answer()["clientExtensionResults"] == {}


def test_a_page_without_the_permission(page, host):
    """W-38: the block stays away, and the code works."""
    host.policy = "publickey-credentials-get=()"
    page.goto("/dialog")
    page.get_by_role("button", name="Save").click()
    code = page.get_by_label("Code")
    expect(code).to_be_focused()
    expect(use(page)).to_be_hidden()
    code.fill("123456")
    page.keyboard.press("Enter")
    done(page)


@pytest.mark.parametrize("codes", [True, False])
def test_at_an_address_where_no_passkey_works(page, host, served, codes):
    """W-23, W-39: no button that does nothing, and the page says where passkeys work."""
    host.codes = codes
    page.goto(served.replace("localhost", "127.0.0.1") + "/asks")
    expect(page.get_by_text("only work at localhost")).to_be_visible()
    expect(use(page)).to_be_hidden()
    assert host.asked == []


@pytest.mark.parametrize("codes", [True, False])
def test_without_scripts_or_the_api(browser, served, host, codes):
    """W-39: the code works; who has no app reads why."""
    host.codes = codes
    for scripts in (True, False):
        context = browser.new_context(base_url=served, java_script_enabled=scripts)
        context.add_init_script("delete window.PublicKeyCredential")
        page = context.new_page()
        page.goto("/asks")
        expect(use(page)).to_be_hidden()
        expect(page.get_by_label("Code")).to_have_count(int(codes))
        why = (
            "This device or browser can't use passkeys." if scripts else "Passkeys need JavaScript."
        )
        expect(page.get_by_text(why)).to_be_visible(visible=not (scripts and codes))
        context.close()
    assert host.asked == []
