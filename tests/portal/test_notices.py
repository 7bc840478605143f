"""Notices: the owner gets a mail for every change of the second factor."""

from functools import partial
from typing import NamedTuple

import pytest

from portal.extensions import db
from portal.i18n import language
from portal.mail import account_texts, browser_texts, warnings
from portal.mail.letters import Reader, letter_of, when_of
from portal.mail.texts import of_change
from portal.twofactor import signals
from tests.portal.mails import html_of, mails, plain_of
from tests.support.enrol import AREAS, enrol, new_recovery_code, sign_in
from tests.support.forms import answer, submit
from tests.support.html import parse


@pytest.fixture
def context(app):
    with app.app_context():
        yield app


def happen(app, name, user_id, facts):
    """Send an event as the blueprint does: a change in its transaction, then after the commit."""
    if name not in ("held", "challenge_failed"):
        with db.engine.begin() as connection:
            app.extensions["twofactor"].kit.store.joins(connection, name, user_id, facts)
    signals.BY_NAME[name].send(app, user_id=user_id, **facts)


class TestNotices:
    """The owner gets a mail for every change of the second factor."""

    def subjects(self, app):
        return [message["Subject"] for message in mails(app)]

    def test_the_life_of_a_second_factor(self, app, signed_in, customer_password, clock):
        """C-75"""
        enrolled = enrol(signed_in, clock, customer_password, ["password"])
        submit(signed_in, "/security/two-factor/", {"areas": ["password", "email"]})
        new_recovery_code(signed_in, enrolled.next_code())
        submit(signed_in, "/security/two-factor/deactivate", {"code": enrolled.next_code()})
        assert self.subjects(app) == [
            "Two-factor authentication is on",
            "You changed when we ask for a code",
            "You have a new recovery code",
            "Two-factor authentication is off",
        ]
        for message in mails(app):
            assert message["To"] == "alice@example.org"
            for text in (plain_of(message), html_of(message)):
                assert "15 January 2027, 8:" in text
                assert "Wasn't you?" in text
                assert "127.0.0.1:5000" in text, "the portal's address, to type"
                assert "/undo/" in text or "changed when we ask" in text, "more areas stay"
                assert enrolled.secret not in text
                assert enrolled.recovery_code not in text

    def test_the_recovery_code_is_one_mail(self, app, signed_in, customer_password, clock):
        """C-75, A-08"""
        enrolled = enrol(signed_in, clock, customer_password, ["sign_in"])
        other = app.test_client()
        asked = sign_in(other, "alice", customer_password, follow_redirects=True)
        answer(other, asked, {"code": enrolled.recovery_code})
        assert self.subjects(app)[1:] == [
            "Your recovery code was used, so two-factor authentication is off"
        ]

    def test_five_wrong_codes_are_told_once(self, app, signed_in, customer_password, clock):
        """C-52"""
        enrol(signed_in, clock, customer_password, AREAS)
        asked = submit(signed_in, "/security/close", {"current_password": customer_password})
        for _ in range(5):
            asked = answer(signed_in, asked, {"twofactor_code": "000000"})
        assert self.subjects(app)[1:] == ["Wrong codes for your account"]

    @pytest.mark.parametrize(
        ("name", "words", "subject"),
        [
            ("held", {"until": 0.0, "locked": True}, "We've locked codes to protect your account"),
            ("held", {"until": 0.0, "locked": False}, None),
            (
                "reset",
                {"by": "operator", "reason": "lost"},
                "Our support team turned off two-factor authentication",
            ),
            ("unlocked", {"by": "operator", "reason": "x"}, "We've unlocked your account"),
            ("deactivated", {"by": "operator"}, None),
            (
                "authenticator_added",
                {"authenticator": "Tablet"},
                "Your account has a new device",
            ),
            (
                "authenticator_removed",
                {"authenticator": "Tablet"},
                "A device is removed from your account",
            ),
            (
                "authenticator_added",
                {"authenticator": "YubiKey", "kind": "passkey"},
                "Your account has a new passkey",
            ),
            (
                "authenticator_removed",
                {"authenticator": "YubiKey", "kind": "passkey", "by": "", "reason": ""},
                "A passkey is removed from your account",
            ),
            (
                "authenticator_removed",
                {"authenticator": "YubiKey", "kind": "passkey", "by": "operator", "reason": "x"},
                "Our support team removed a passkey from your account",
            ),
            (
                "authenticator_removed",
                {"authenticator": "Tablet", "kind": "totp", "by": "operator", "reason": "x"},
                "Our support team removed a device from your account",
            ),
            (
                "passkey_suspect",
                {"authenticator": "YubiKey", "area": "sign_in"},
                "One of your passkeys may have been copied",
            ),
            (
                "trust_reused",
                {"browser": "Firefox on Linux"},
                "We've stopped trusting one of your browsers",
            ),
            ("challenge_failed", {"area": "password", "run": 4}, None),
            ("challenge_failed", {"area": "password", "run": 6}, None),
        ],
    )
    def test_other_events_with_a_notice(self, context, customer, name, words, subject):
        happen(context, name, str(customer.id), words)
        assert self.subjects(context) == ([subject] if subject else [])

    @pytest.mark.parametrize("kind", ["passkey", "totp"])
    def test_nothing_new_is_said_to_work_everywhere_at_once(self, context, customer, kind):
        """Something that was added with a code counts for everything only later (`ripening`)."""
        words = {"authenticator": "YubiKey", "kind": kind}
        happen(context, "authenticator_added", str(customer.id), words)
        text = " ".join(plain_of(mails(context)[0]).split())
        assert "If you added it with a code, it may not work for everything at first." in text
        assert "wherever" not in text

    def test_a_copied_trust_is_told_with_the_browser(self, context, customer):
        """F-18"""
        for browser in ("Firefox on Linux", "A browser"):
            happen(context, "trust_reused", str(customer.id), {"browser": browser})
        one, other = (plain_of(message) for message in mails(context))
        assert "Trusted browser: Firefox on Linux" in one
        assert "An unknown browser" in other
        assert "change your password" in one

    def test_nobody_is_told_of_a_closed_account(self, context):
        happen(context, "deactivated", "4711", {"by": "code"})
        assert mails(context) == []

    def test_another_app_does_not_hear_it(self, context, customer, tmp_path):
        from portal import create_app

        create_app({"INSTANCE_PATH": str(tmp_path / "other")})
        happen(context, "reset", str(customer.id), {"by": "operator", "reason": "x"})
        assert len(mails(context)) == 1


FACTS = {
    "activated": {"areas": ("sign_in", "invoices")},
    "imported": {"areas": ("sign_in",), "by": "operator"},
    "deactivated": {"by": "code"},
    "areas_changed": {"added": ("password",), "removed": ("sign_in",)},
    "authenticator_added": {"authenticator": "Tablet"},
    "authenticator_removed": {"authenticator": "Tablet"},
    "passkey_suspect": {"authenticator": "Key", "area": "sign_in"},
    "trust_reused": {"browser": "Firefox on Linux"},
    "reset": {"by": "operator", "reason": "lost"},
    "unlocked": {"by": "operator", "reason": "guessed"},
    "reset_requested": {"by": "dorothea", "reason": "lost"},
    "start_over": {"by": "dorothea", "reason": "lost", "until": 1, "start_over": "abc"},
}


def test_each_change_has_a_notice_or_is_told_by_another(app):
    """F-85: no notice is missing, so no change fails because it has no mail."""
    with app.test_request_context():
        silent = {name for name in signals.CHANGES if of_change(name, FACTS.get(name, {})) is None}
    assert silent == {"imported", "recovery_code_used", "undone"}


LINK = "http://127.0.0.1:5000/reset/abc"
UNDO = "http://127.0.0.1:5000/undo/abc"
AGAIN = "http://127.0.0.1:5000/security/two-factor/start-over/abc"


class Deed(NamedTuple):
    """An undone change, for its notice."""

    headline: str
    at: int
    effects: tuple[str, ...]
    asked: str


DEED = Deed("<b>“Tablet”</b> was added", 1_800_000_000, ("It is out.", "All is well."), "Asked.")
LONG = "x" * 200
MAKERS = {
    **{name: partial(of_change, name, FACTS.get(name, {})) for name in signals.CHANGES},
    "removed_by_staff": partial(
        of_change, "authenticator_removed", {"authenticator": "Tablet", "by": "x", "reason": "x"}
    ),
    "by_recovery": partial(of_change, "deactivated", {"by": "recovery"}),
    "wrong_codes": warnings.wrong_codes,
    "wrong_passwords": warnings.wrong_passwords,
    "locked": warnings.locked_codes,
    "password_changed": account_texts.password_changed,
    "email_changed": partial(account_texts.email_changed, f"<b>{LONG}@example.org"),
    "email_asked": partial(account_texts.email_asked, f"<b>{LONG}@example.org"),
    "email_link": partial(account_texts.email_link, LINK),
    "email_taken": account_texts.email_taken,
    "account_closed": account_texts.account_closed,
    "new_browser": browser_texts.new_browser,
    "new_browser_last": partial(browser_texts.new_browser, last=True),
    "new_browser_mails_off": browser_texts.mails_off,
    "forgotten": partial(account_texts.reset_requested, LINK),
    "to_undo": lambda: account_texts.password_changed()._replace(undo=UNDO),
    "undone": partial(account_texts.undone, DEED, LINK, "Europe/Berlin"),
}
del MAKERS["recovery_code_used"], MAKERS["imported"]
LINKS = {
    "forgotten": {LINK},
    "start_over": {AGAIN},
    "email_link": {LINK},
    "undone": {LINK},
    "to_undo": {UNDO},
}
# Their readers may not know the person whose request it was, nor the other way round.
STRANGERS = ("email_link", "email_taken")
# The browser of the request is the agent's.
BY_STAFF = ("reset", "unlocked", "reset_requested", "start_over", "removed_by_staff")
CONTACTS = {"SUPPORT_EMAIL": "help@example.org", "SUPPORT_PHONE": "+44 1225 496000"}


class TestLetters:
    """Each mail says the same as text and as HTML, and nothing in it comes from elsewhere."""

    @pytest.fixture(params=[("en", {}), ("de", CONTACTS)], ids=["en", "de-with-support"])
    def case(self, request):
        return request.param

    @pytest.fixture
    def settings(self, case):
        return {"COMPANY": "Rabbit & Sons", **case[1]}

    @pytest.fixture
    def letters(self, case, app):
        agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
        with app.test_request_context(headers=agent), language.speaking(case[0]):
            reader = Reader("dana@example.org", "<i>Dana</i>\n\nCall\u2028me", "Europe/Berlin")
            yield {name: letter_of(make(), reader) for name, make in MAKERS.items()}

    def test_both_parts_say_the_same(self, letters):
        for name, letter in letters.items():
            notice, page = letter.notice, " ".join(parse(letter.html).text.split())
            text = " ".join(letter.text.split())
            said = [letter.subject, letter.company, letter.portal, letter.greeting, notice.after]
            said += [*notice.paragraphs, *letter.advice, letter.support.email, letter.contact]
            said += [part for fact in letter.facts for part in fact]
            for sentence in map(" ".join, map(str.split, said)):
                assert sentence in text, name
                assert sentence in page, name
            for part in (text, page):
                assert ("Firefox" in part) != (name in (*STRANGERS, *BY_STAFF)), name
            assert ("Dana" in text) != (name in STRANGERS)
            assert "Central European" in text or "Mitteleurop" in text

    def test_html_loads_nothing_and_leads_to_support_and_link_alone(self, letters):
        for name, letter in letters.items():
            page = parse(letter.html)
            tags = ("img", "link", "script", "iframe", "form", "object", "video", "svg", "base")
            assert not any(page.all(tag) for tag in tags)
            for sign in ("src=", "url(", "@import", "background="):
                assert sign not in letter.html
            links = {node.get("href") for node in page.all("a")}
            allowed = set(LINKS.get(name, ()))
            if letter.support.line:
                allowed |= {"mailto:help@example.org", "tel:+441225496000"}
            assert links == allowed
            assert letter.html.count("href=") == len(page.all("a"))
            for link in (LINK, UNDO, AGAIN):
                assert (link in letter.text) == (link in LINKS.get(name, ()))

    def test_names_stay_text_and_sizes_are_bounded(self, letters):
        for letter in letters.values():
            assert "<i>" not in letter.html
            assert "<b>" not in letter.html
            assert "\n\nCall" not in letter.text
            assert max(map(len, letter.text.splitlines())) <= 230, "a word is never broken"
            assert len(letter.text) + len(letter.html) < 20_000
            assert "prefers-color-scheme: dark" in letter.html

    def test_advice_fits_what_happened(self, letters, app):
        for name, letter in letters.items():
            if letter.support.line:
                assert letter.text.count("help@example.org") == (2 if letter.notice.contact else 1)
            else:
                assert not letter.contact, "no contact is promised without one"
            if name in ("account_closed", "email_taken", *LINKS) and name != "start_over":
                assert letter.portal not in " ".join(letter.advice)


@pytest.mark.parametrize(
    ("zone", "when"),
    [
        ("Europe/Berlin", "15 January 2027, 9:00 (Central European Standard Time)"),
        ("America/New_York", "15 January 2027, 3:00 (Eastern Standard Time)"),
        (None, "15 January 2027, 8:00 (UTC)"),
        ("Nowhere/At_All", "15 January 2027, 8:00 (UTC)"),
        ("../../etc/passwd", "15 January 2027, 8:00 (UTC)"),
    ],
)
def test_times_are_in_the_zone_of_the_reader(context, clock, zone, when):
    assert when_of(clock(), zone) == when
