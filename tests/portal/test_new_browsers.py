"""Mails about sign-ins in browsers that the customer has not used before."""

import re

import pytest

from tests.portal.mails import mails, plain_of
from tests.portal.test_passkey_sign_in import client_of, enter
from tests.portal.test_passkeys import Keys
from tests.support.databases import both
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import answer, find_form, send, submit
from tests.support.html import parse
from tests.support.mail import last_link
from tests.support.statements import statements_of

pytestmark = pytest.mark.thorough

SUBJECT = "New sign-in to your account"
PAGE = "/security/sign-in-mails"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OFF = "E-mails about new sign-ins are off."
DAY = 86_400
NEW = "velvet-anchor-piano-9"


def told(app):
    return [mail for mail in mails(app) if mail["Subject"] == SUBJECT]


def said(client):
    """The text of the page with the setting."""
    return parse(client.get("/security/sessions").text).text


def again(client, password):
    """Sign in once more in a browser that has only the mark of a known one."""
    client.delete_cookie("portal_session")
    return sign_in(client, "alice", password)


def another(app, password, user_agent=FIREFOX):
    """A browser without cookies in which Alice signs in."""
    client = app.test_client()
    client.environ_base["HTTP_USER_AGENT"] = user_agent
    assert sign_in(client, "alice", password).status_code == 303
    return client


@both
def test_each_new_browser_is_told_once(app, signed_in, customer_password, clock):
    assert told(app) == [], "the first sign-in ever is no news"
    client = another(app, customer_password)
    [mail] = told(app)
    assert mail["To"] == "alice@example.org"
    text = plain_of(mail)
    assert "a browser that we don't recognise" in text
    assert "15 January 2027, 8:" in text
    assert "Firefox on Linux" in text
    assert "Undo it within 7 days" in text
    assert "/undo/" in text
    clock.advance(2 * DAY)
    for known in (client, signed_in):
        again(known, customer_password)
    assert len(told(app)) == 1


def test_the_link_undoes_the_sign_in(app, signed_in, customer_password):
    """Everybody is out, the password is worth nothing, and the mailbox gets a reset link."""
    stranger = another(app, customer_password)
    link = re.search(r"/undo/[\w-]+", plain_of(told(app)[0]))[0]
    page = app.test_client().get(link, follow_redirects=True)
    assert "Somebody signed in with a browser that we didn't recognise" in parse(page.text).text
    done = submit(app.test_client(), link, {}, button="Yes, undo this", follow_redirects=True)
    assert "We've undone the change" in parse(done.text).text
    for browser in (stranger, signed_in):
        assert browser.get("/").status_code == 303
    assert sign_in(app.test_client(), "alice", customer_password).status_code != 303
    words = {"new_password": NEW, "repeat_password": NEW}
    submit(app.test_client(), last_link(app), words)
    assert sign_in(app.test_client(), "alice", NEW).status_code == 303


def test_only_a_completed_sign_in_is_told(app, signed_in, customer_password, clock):
    """The browser that turned the second factor on is known; another one is told after its code."""
    enrolled = enrol(signed_in, clock, customer_password)
    clock.advance(330)
    again(signed_in, customer_password)
    submit(signed_in, f"{TWOFACTOR}/sign-in", {"code": enrolled.next_code()})
    client = another(app, customer_password)
    assert told(app) == []
    submit(client, f"{TWOFACTOR}/sign-in", {"code": enrolled.next_code()})
    assert len(told(app)) == 1


def test_a_passkey_alone_is_told_as_well(app, signed_in, customer_password, clock):
    device = Keys(signed_in, customer_password).activate()
    clock.advance(330)
    client = client_of(app)
    for _ in range(2):
        client.delete_cookie("portal_session")
        assert enter(client, device).status_code == 303
    assert len(told(app)) == 1


def test_a_browser_without_cookies_causes_no_flood(app, signed_in, customer_password, clock):
    for _ in range(8):
        another(app, customer_password)
    texts = [plain_of(mail) for mail in told(app)]
    assert ["until tomorrow" in text for text in texts] == [False] * 5 + [True]
    clock.advance(DAY)
    another(app, customer_password)
    assert len(told(app)) == 7


def test_a_known_browser_costs_no_statement_more(app, signed_in, customer_password):
    with statements_of(app) as seen:
        again(signed_in, customer_password)
    assert not [text for text in seen if text.startswith(("UPDATE customer", "INSERT INTO known"))]


class TestTurningThemOff:
    def test_the_password_does_it_without_a_second_factor(self, app, signed_in, customer_password):
        assert "On: we e-mail you" in said(signed_in)
        refused = submit(signed_in, PAGE, {"current_password": "wrong"})
        assert "Your current password is wrong." in refused.text
        form = find_form(refused.text, "current_password")
        for _ in range(2):
            done = send(signed_in, PAGE, form, {"current_password": customer_password})
            assert done.location == "/security/sessions"
        assert OFF in said(signed_in)
        assert [mail["Subject"] for mail in mails(app)] == [
            "You turned off e-mails about new sign-ins"
        ]
        another(app, customer_password)
        assert told(app) == []

    def test_a_code_does_it_with_one(self, app, signed_in, customer_password, clock):
        """The code is asked whatever areas the customer protects; the activity tells it."""
        enrolled = enrol(signed_in, clock, customer_password, ["invoices"])
        asked = submit(signed_in, PAGE, {"wanted": "off"})
        assert asked.status_code == 403
        assert "No more e-mails about new sign-ins" in asked.text
        assert "On: we e-mail you" in said(signed_in)
        answer(signed_in, asked, {"twofactor_code": enrolled.next_code()})
        assert OFF in said(signed_in)
        activity = signed_in.get(f"{TWOFACTOR}/activity").text
        assert "remove protection: No more e-mails about new sign-ins" in activity
        assert mails(app)[-1]["Subject"] == "You turned off e-mails about new sign-ins"

    @pytest.mark.parametrize("areas", [None, ["invoices"]])
    def test_turning_them_on_takes_nothing(self, app, signed_in, customer_password, clock, areas):
        from portal.account import known_browsers
        from portal.extensions import db
        from portal.models import Customer

        if areas:
            enrol(signed_in, clock, customer_password, areas)
        with app.app_context():
            known_browsers.send_mails(db.session.get(Customer, 1), wanted=False)
        assert "Off: we don't tell you" in said(signed_in)
        done = submit(signed_in, "/security/sessions", {"wanted": "on"}, follow_redirects=True)
        assert "E-mails about new sign-ins are on." in parse(done.text).text
        another(app, customer_password)
        if areas is None:
            assert len(told(app)) == 1
