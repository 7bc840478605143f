"""Signing in with a passkey and no password: by the button, and where the user name is typed."""

import os

import pytest
from playwright.sync_api import expect

from portal.twofactor.testing.device import Device, base64url
from tests.support.browser import LOOKS
from tests.support.virtual_device import VirtualDevice

from .passkey_people import base, equipped, kit, look, settings, use

__all__ = ["base", "equipped", "kit", "look", "settings"]  # fixtures
SHOTS = os.environ.get("SHOTS")
# Each call is noted. One that the browser would show in a field waits for the test, unless it is
# let through: nobody can choose from the browser's own list here.
NOTED = """
window.calls = []; window.through = false; window.answered = Promise.resolve();
const own = window.fetch;
window.fetch = (...request) => {
  const asked = own(...request).then(async (answer) => {
    const said = await answer.json();
    return { json: () => said };
  });
  answered = asked.catch(() => {});
  return asked;
};
if (window.CredentialsContainer) {
  const own = CredentialsContainer.prototype.get;
  CredentialsContainer.prototype.get = function (options) {
    calls.push(options);
    if (options.mediation !== "conditional") return own.call(this, options);
    const { dataset } = document.documentElement;
    dataset.offered = 1 + Number(dataset.offered ?? 0);
    if (through) return own.call(this, options);
    return new Promise((done, failed) => {
      window.choose = () => own.call(this, { publicKey: options.publicKey }).then(done, failed);
      options.signal.addEventListener("abort", () => failed(options.signal.reason));
    });
  };
}
"""
# What the browser is told of passkeys, beside its own way of taking it.
TOLD = """
window.told = [];
for (const name of ["AllAcceptedCredentials", "CurrentUserDetails", "UnknownCredential"]) {
  const own = PublicKeyCredential[`signal${name}`];
  PublicKeyCredential[`signal${name}`] = function (facts) {
    return own.call(this, facts).finally(() => {
      document.documentElement.dataset.told = told.push([`signal${name}`, facts]);
    });
  };
}
"""


@pytest.fixture
def alice(equipped):
    alice = equipped(fills=True)
    alice.context.add_init_script(NOTED)
    return alice


def button(page):
    return page.get_by_role("button", name="Sign in with a passkey")


def offered(page, times=1):
    """Wait until the browser was asked so often to offer passkeys in the field."""
    expect(page.locator("html")).to_have_attribute("data-offered", str(times))


def test_by_the_button(alice):
    """W-44, W-34, W-35: one press, no second step; the field's own offer ends first."""
    page = alice.page
    alice.open("/login?next=/security/sessions")
    offered(page)
    alice.inspect()
    alice.field("Keep me signed in").check()
    stopped = page.evaluate(
        """() => { const button = document.querySelector("#twofactor-alone");
        button.click(); return [calls.length, calls[0].signal.aborted]; }"""
    )
    assert stopped == [2, True], "the device is asked before the click has ended"
    alice.is_at("/security/sessions")
    lasting = [each for each in alice.context.cookies() if each["name"] == "portal_session"]
    assert lasting[0]["expires"] > 0, "the box of the password's form counts"


def test_in_the_field(alice):
    """W-36: chosen where the user name is typed."""
    page = alice.page
    alice.open("/login")
    offered(page)
    expect(alice.field("User name or e-mail address")).to_have_attribute(
        "autocomplete", "username webauthn"
    )
    page.evaluate("choose()")
    alice.is_at("/")


def test_the_browser_itself(alice):
    """W-35: a real offer of the browser ends for the button, and none is "already pending"."""
    page = alice.page
    page.add_init_script("window.through = true")
    alice.device.wait()
    alice.open("/login")
    offered(page)
    alice.device.wait(False)
    button(page).click()
    alice.is_at("/")


def wait(alice, minutes):
    """Let time pass on both sides; a minute begins when what the last one asked was answered."""
    for _ in range(minutes):
        alice.clock.advance(60)
        alice.page.clock.run_for(60_000)
        alice.page.evaluate("answered")


def test_a_page_left_open_for_an_hour(alice):
    """W-36: the offer is renewed while the page is seen; a hidden one asks for nothing."""
    page = alice.page
    page.clock.install()
    alice.open("/login")
    offered(page)
    wait(alice, 61)
    asked = [url for url in alice.watch.requests if url.endswith("/passkey")]
    assert len(asked) == 12, "an offer each four minutes, and no more after 48"
    offered(page, 12)
    alice.field("Password").focus()
    offered(page, 13)
    page.evaluate("choose()")
    alice.is_at("/")


def test_hidden_pages_ask_nothing(alice):
    """W-36: not at first, and not later."""
    page = alice.page
    page.add_init_script(
        """Object.defineProperty(document, "hidden", { get: () => window.away ?? true });"""
    )
    page.clock.install()
    alice.open("/login")
    expect(button(page)).to_be_visible()
    wait(alice, 10)
    assert not [url for url in alice.watch.requests if url.endswith("/passkey")]
    page.evaluate("() => { away = false; document.dispatchEvent(new Event('visibilitychange')); }")
    offered(page)


def test_after_a_night(alice):
    """W-36: a page that was put away overnight, with its session gone, signs in at once."""
    page = alice.page
    page.clock.install()
    alice.open("/login")
    offered(page)
    alice.clock.advance(12 * 3600)
    page.clock.fast_forward(12 * 3600 * 1000)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    offered(page, 2)
    page.evaluate("choose()")
    alice.is_at("/")
    # Chromium tells the console of the old token, before the script asks with the new one.
    assert len(alice.watch.faults) == 1
    assert "400" in alice.watch.faults.pop()


def test_cancelled_and_refused(alice):
    """W-33, W-44: the way that is left is named; the field offers passkeys again."""
    page = alice.page
    alice.open("/login?next=/security/sessions")
    offered(page)
    alice.fill("User name or e-mail address", "alice")
    page.evaluate(
        """() => { const own = CredentialsContainer.prototype.get;
        CredentialsContainer.prototype.get = function (options) {
          CredentialsContainer.prototype.get = own;
          return Promise.reject(new DOMException("", "NotAllowedError"));
        }; }"""
    )
    button(page).click()
    expect(page.get_by_role("status")).to_have_text(
        "Nothing was confirmed. Try again, or sign in with your password."
    )
    expect(alice.field("User name or e-mail address")).to_have_value("alice")
    offered(page, 2)
    alice.device.send("setUserVerified", isUserVerified=False)
    button(page).click()
    expect(page.get_by_role("status")).to_have_text(
        "Nothing was confirmed. Try again, or sign in with your password."
    )
    alice.device.send("setUserVerified", isUserVerified=True)
    alice.device.forget()
    stranger = Device(alice.passkey.rp_id, alice.passkey.origin)
    stranger.handle = alice.passkey.handle
    alice.device.keep(stranger)
    button(page).click()
    alice.sees("That passkey was not accepted. Try again, or sign in with your password.")
    alice.is_at("/login")
    assert "next=" in page.url


def test_from_another_device(alice):
    """W-61: a phone has answered: a press adds a passkey here and leads back; it is asked once."""
    page = alice.page
    alice.device.forget()
    phone = VirtualDevice(page, fills=True, transport="cable")
    phone.keep(alice.passkey)
    alice.open("/login?next=/security/sessions")
    button(page).click()
    alice.is_at("/security/sessions")
    offer = page.get_by_role("region", name="Add a passkey on this device?")
    expect(offer).to_be_visible()
    alice.inspect()
    offer.get_by_role("link", name="Add a passkey").click()
    alice.fill("Name", "This computer")
    use(page).click()
    expect(page.get_by_role("button", name="Create passkey")).to_be_visible()
    phone.send("removeVirtualAuthenticator")
    alice.press("Create passkey")
    alice.is_at("/security/sessions")
    expect(offer).to_be_hidden()
    assert len(alice.device.passkeys) == 1


def test_what_the_browser_is_told(alice):
    """W-51: of a passkey that nobody has, after its refusal; of the whole list, on the preferences.

    Chromium itself removes what is gone, and keeps what is accepted.
    """
    page, removed = alice.page, Device(alice.passkey.rp_id, alice.passkey.origin)
    removed.handle = alice.passkey.handle

    def has(number, *, told):
        expect(page.locator("html")).to_have_attribute("data-told", str(told))
        assert len(alice.device.passkeys) == number

    page.add_init_script(TOLD)
    alice.device.forget()
    alice.device.keep(removed)
    alice.open("/login")
    button(page).click()
    alice.sees("That passkey was not accepted.")
    has(0, told=1)
    unknown = {"rpId": "localhost", "credentialId": base64url(removed.id)}
    assert page.evaluate("told") == [["signalUnknownCredential", unknown]]
    alice.device.keep(alice.passkey)
    button(page).click()
    alice.is_at("/")
    alice.open("/security/two-factor/")
    has(1, told=2)
    accepted, details = page.evaluate("told")
    assert accepted[0] == "signalAllAcceptedCredentials"
    assert accepted[1]["allAcceptedCredentialIds"] == [base64url(alice.passkey.id)]
    assert (details[0], details[1]["name"]) == ("signalCurrentUserDetails", "alice")
    alice.device.forget()
    alice.device.keep(removed)
    page.reload()
    has(0, told=2)


def test_without_scripts_or_the_api(people):
    """W-39, W-23: no dead button; the password works as ever."""
    for person in (people(look=LOOKS[2]), people()):
        if person.look.scripts:
            person.context.add_init_script("delete window.PublicKeyCredential")
        person.open("/login")
        expect(button(person.page)).to_be_hidden()
        expect(person.field("Password")).to_be_visible()
