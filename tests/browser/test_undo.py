"""The owner takes the account back with "This wasn't me"; a thief of the mailbox gets nothing."""

import re

import pytest
from playwright.sync_api import expect

from tests.portal.mails import html_of, mails
from tests.support.browser import LOOKS
from tests.support.codes import oathtool
from tests.support.enrol import TWOFACTOR, new_recovery_code, sign_in
from tests.support.forms import answer, submit
from tests.support.html import parse
from tests.support.mail import confirm_email

HOME, ELSEWHERE = "alice@example.org", "mallory@example.com"
NEW, EVIL = "velvet-anchor-piano-9", "marble-tractor-onion-5"
DAY = 86_400


def read(person, app, subject, to=HOME):
    """Open the newest mail with this subject in a browser."""
    found = [m for m in mails(app) if (m["To"], m["Subject"]) == (to, subject)]
    person.open("about:blank")
    person.page.set_content(html_of(found[-1]))


def undo(person, app, subject):
    """Click "This wasn't me" in the mail, then the button of the page that it leads to."""
    read(person, app, subject)
    person.page.get_by_role("link", name="This wasn't me", exact=True).click()
    person.is_at("/undo/confirm")
    person.inspect()
    person.press("Yes, undo this")
    person.is_at("/undo/done")
    person.sees("We've undone the change")
    person.inspect()


def open_reset(person, app):
    """Follow the link for a new password in the latest mail."""
    read(person, app, "You undid a change to your account")
    person.page.get_by_role("link", name="Choose a new password", exact=True).click()
    person.is_at("/reset/choose")
    person.inspect()


def forgotten(person, app):
    """Ask for a reset link and follow it."""
    person.open("/forgot")
    person.fill("E-mail address", HOME)
    person.press("Send link")
    person.sees("Check your e-mail")
    read(person, app, "Reset your password")
    person.page.get_by_role("link", name="Choose a new password", exact=True).click()
    person.is_at("/reset/choose")


def choose(person, former):
    person.fill("Password you had before this change", former)
    person.fill("New password", NEW)
    person.fill("Repeat new password", NEW)
    person.press("Save")


class Thief:
    """Somebody who knows the password and was told one code by the owner."""

    def __init__(self, app, password, code, clock):
        self.app, self.clock, self.client = app, clock, app.test_client()
        sign_in(self.client, "alice", password)
        self.secret = self._own_device(code)
        clock.advance(DAY + 60)
        sign_in(self.client, "alice", password)
        self._remove_hers()
        self.recovery_code = new_recovery_code(self.client, self.code())
        asked = submit(self.client, f"{TWOFACTOR}/", {"areas": ["invoices"]}, button="Save")
        answer(self.client, asked, {"twofactor_code": self.code()})
        words = {"current_password": password, "new_password": EVIL, "repeat_password": EVIL}
        submit(self.client, "/security/password", words)
        words = {"current_password": EVIL, "email": ELSEWHERE}
        submit(self.client, "/security/email", words)
        confirm_email(app)
        submit(app.test_client(), "/forgot", {"email": ELSEWHERE})
        self.mails = len([mail for mail in mails(app) if mail["To"] == ELSEWHERE])
        assert self.client.get("/").status_code == 200

    def code(self):
        """Wait for the next code of the thief's own phone."""
        self.clock.advance()
        return oathtool(self.secret, self.clock())

    def _own_device(self, code):
        data = {"name": "Spare", "code": code}
        page = submit(self.client, f"{TWOFACTOR}/authenticators/new", data, follow_redirects=True)
        secret = parse(page.text).by_id("twofactor-secret").text.replace(" ", "")
        answer(self.client, page, {"code": oathtool(secret, self.clock())})
        return secret

    def _remove_hers(self):
        page = self.client.get(f"{TWOFACTOR}/").text
        [first, *_] = re.findall(rf'href="({TWOFACTOR}/authenticators/[0-9a-f]+)"', page)
        submit(self.client, first, {"code": self.code()}, button="Remove")

    def ways_in(self, *passwords):
        """Try everything that worked before; return what still works."""
        found = ["the session"] if self.client.get("/").status_code == 200 else []
        browsers = [(browser, each) for browser in (self.client, None) for each in passwords]
        for browser, password in browsers:
            answered = sign_in(browser or self.app.test_client(), "alice", password)
            found += [password] if answered.status_code == 303 else []
        submit(self.app.test_client(), "/forgot", {"email": ELSEWHERE})
        theirs = [mail for mail in mails(self.app) if mail["To"] == ELSEWHERE]
        for mail in theirs:
            text = mail.get_body(("plain",)).get_content()
            for link in re.findall(r"/(?:reset|undo)/[\w-]+", text):
                page = self.app.test_client().get(link, follow_redirects=True)
                if "New password" in page.text or "Yes, undo this" in page.text:
                    found.append(link)
        assert len(theirs) == self.mails, "no further mail went there"
        return found


MAILS = (
    "Your account has a new device",
    "A device is removed from your account",
    "You have a new recovery code",
    "You changed when we ask for a code",
    "Your password is changed",
    "Your e-mail address is changed",
)


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
@pytest.mark.parametrize("clicked", [MAILS[:1], MAILS[::-1]], ids=["the first", "the last first"])
def test_the_owner_takes_the_account_back(enrolled, app, customer_password, clock, clicked):
    """F-10: the thief is out by every road; the phone works again, the thief's doesn't."""
    person = enrolled("password", "email")
    thief = Thief(app, customer_password, person.next_code(), clock)
    for subject in clicked:
        undo(person, app, subject)
    assert thief.ways_in(customer_password, EVIL) == []
    open_reset(person, app)
    choose(person, "not-her-password")
    person.sees("isn't the password you had before this change")
    person.inspect()
    choose(person, customer_password)
    person.answer(thief.code())
    expect(person.dialog.get_by_text("is wrong").first).to_be_visible()
    person.answer(person.next_code())
    person.is_at("/login")
    person.sign_in("alice", NEW)
    person.is_at("/")
    person.open(f"{TWOFACTOR}/")
    expect(person.page.locator(".twofactor-authenticators li")).to_have_count(1)
    expect(person.page.locator("input[name='areas']:checked")).to_have_count(2)
    person.sees("undone")
    person.open("/security/")
    person.sees(HOME)
    assert thief.ways_in(customer_password, EVIL) == []


@pytest.mark.parametrize("look", [LOOKS[1], LOOKS[2]], ids=str)
def test_a_thief_of_the_mailbox_alone_stays_out(enrolled, people, app, customer_password):
    """Neither a reset link nor an undo link lets somebody in who only reads the mail."""
    owner, thief = enrolled("sign_in"), people()
    forgotten(thief, app)
    thief.fill("New password", EVIL)
    thief.fill("Repeat new password", EVIL)
    thief.press("Save")
    thief.is_at("/login")
    undo(thief, app, "Two-factor authentication is on")
    thief.sees("you'll need the password you had before this change")
    open_reset(thief, app)
    choose(thief, EVIL)
    thief.sees("isn't the password you had before this change")
    thief.sign_in("alice", EVIL)
    thief.sees("password is wrong")
    forgotten(owner, app)
    choose(owner, customer_password)
    owner.is_at("/login")
    owner.sign_in("alice", NEW)
    owner.is_at("/")
