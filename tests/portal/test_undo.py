"""The link "This wasn't me" in each mail about a change undoes it, once, for seven days."""

import re
from typing import NamedTuple

import pytest

from portal.mail.device_texts import UNNAMED
from portal.twofactor.methods.registry import TOTP
from tests.portal.mails import html_of, mails
from tests.support.codes import oathtool
from tests.support.customers import make_customer
from tests.support.databases import both
from tests.support.enrol import TWOFACTOR, enrol, new_recovery_code, sign_in
from tests.support.forms import answer, find_form, submit
from tests.support.html import parse
from tests.support.mail import confirm_email, last_link

pytestmark = pytest.mark.thorough

NEW, EVIL = "velvet-anchor-piano-9", "marble-tractor-onion-5"
HOME, ELSEWHERE = "alice@example.org", "mallory@example.com"
DAY = 86_400
LINK = re.compile(r"http\S+(/undo/[\w-]+)")
PASSWORD_MAIL, EMAIL_MAIL = "Your password is changed", "Your e-mail address is changed"
UNDONE_MAIL = "You undid a change to your account"
ON, OFF = "Two-factor authentication is on", "Two-factor authentication is off"
ADDED, REMOVED = "Your account has a new device", "A device is removed from your account"
RECOVERY, AREAS = "You have a new recovery code", "You changed when we ask for a code"


class Mail(NamedTuple):
    """A mail of the outbox."""

    to: str
    subject: str
    text: str
    html: str

    @property
    def link(self) -> str:
        return LINK.search(self.text)[1]


def mailbox(app, address=HOME):
    """The mails to an address, oldest first."""
    found = [
        Mail(str(m["To"]), str(m["Subject"]), m.get_body(("plain",)).get_content(), html_of(m))
        for m in mails(app)
    ]
    return [mail for mail in found if mail.to == address]


def link_in(app, subject, address=HOME):
    """The undo link of the newest mail with this subject."""
    return [mail for mail in mailbox(app, address) if mail.subject == subject][-1].link


def undo(app, link, client=None):
    """Open the link and click; return the page that tells what was done."""
    browser = client or app.test_client()
    return submit(browser, link, {}, button="Yes, undo this", follow_redirects=True)


def read(page):
    """The text of a page, as a person reads it."""
    return " ".join(parse(page.text).text.split())


def change_password(client, old, new):
    words = {"current_password": old, "new_password": new, "repeat_password": new}
    return submit(client, "/security/password", words)


def change_email(client, password, email):
    submit(client, "/security/email", {"current_password": password, "email": email})
    return confirm_email(client.application)


def reset(app, password=NEW, **more):
    """Choose a new password with the newest reset link."""
    words = {"new_password": password, "repeat_password": password, **more}
    return submit(app.test_client(), last_link(app), words)


def can_sign_in(app, password, who="alice", code=None):
    """Return whether a new browser gets in with a password, and a code if one is asked for."""
    client = app.test_client()
    answered = sign_in(client, who, password)
    if answered.status_code == 303 and answered.location.endswith("/sign-in") and code:
        submit(client, answered.location, {"code": code})
    return client.get("/").status_code == 200


def add_device(client, alice, name="Mallory's phone"):
    """Add a device with a code; return its setup key."""
    data = {"name": name, "code": alice.next_code()}
    page = submit(client, f"{TWOFACTOR}/authenticators/new", data, follow_redirects=True)
    secret = parse(page.text).by_id("twofactor-secret").text.replace(" ", "")
    answer(client, page, {"code": oathtool(secret, alice.clock())})
    return secret


@pytest.fixture
def alice(signed_in, clock, customer_password):
    """Alice with two-factor authentication in all areas; `signed_in` is her browser."""
    return enrol(signed_in, clock, customer_password)


class TestThePage:
    def test_opening_alone_does_nothing_and_both_parts_have_the_link(
        self, app, signed_in, customer_password
    ):
        change_password(signed_in, customer_password, NEW)
        [mail] = [mail for mail in mailbox(app) if mail.subject == PASSWORD_MAIL]
        assert mail.link in mail.html
        assert "This wasn't me" in parse(mail.html).text
        for scanner in (app.test_client(), app.test_client()):
            scanner.head(mail.link)
            page = scanner.get(mail.link, follow_redirects=True)
            assert (page.request.path, page.status_code) == ("/undo/confirm", 200)
            assert "Your password was changed" in page.text
            assert f"We send a link to choose a new password to {HOME}" in page.text
        assert signed_in.get("/").status_code == 200
        assert can_sign_in(app, NEW)

    def test_a_click_does_it_once(self, app, signed_in, customer_password):
        change_password(signed_in, customer_password, NEW)
        link, browser = link_in(app, PASSWORD_MAIL), app.test_client()
        page = browser.get(link, follow_redirects=True)
        form = find_form(page.text, "csrf_token", button="Yes, undo this")
        for _ in range(2):
            done = browser.post("/undo/confirm", data=form.filled({}), follow_redirects=True)
            assert (done.request.path, done.status_code) == ("/undo/done", 200)
            assert f"<strong>{HOME}</strong>" in done.text
        assert [mail.subject for mail in mailbox(app)].count(UNDONE_MAIL) == 1
        late = app.test_client().get(link, follow_redirects=True)
        assert (late.status_code, "no longer works" in late.text) == (410, True)

    def test_whoever_is_signed_in_there_is_signed_out(self, app, signed_in, customer_password):
        change_password(signed_in, customer_password, NEW)
        done = undo(app, link_in(app, PASSWORD_MAIL), signed_in)
        assert "We've undone the change" in read(done)
        assert signed_in.get("/").status_code == 303

    def test_a_stale_form_is_no_dead_end(self, app, signed_in, customer_password):
        change_password(signed_in, customer_password, NEW)
        browser = app.test_client()
        browser.get(link_in(app, PASSWORD_MAIL))
        page = browser.post("/undo/confirm", headers={"Sec-Fetch-Site": "same-origin"})
        assert page.status_code == 400
        answer(browser, page, {})
        assert not can_sign_in(app, NEW)

    @pytest.mark.parametrize(
        "path", ["/undo/confirm", "/undo/done", "/undo/x", "/undo/" + "x" * 900]
    )
    def test_without_a_link_it_says_what_to_do(self, app, client, path):
        page = client.get(path, follow_redirects=True)
        assert page.status_code == 410
        assert 'href="/forgot"' in page.text

    def test_the_page_of_the_blueprint_is_off(self, app, signed_in, customer_password):
        change_password(signed_in, customer_password, NEW)
        token = link_in(app, PASSWORD_MAIL).rpartition("/")[2]
        assert app.test_client().get(f"{TWOFACTOR}/undo/{token}").status_code == 404

    def test_seven_days(self, app, signed_in, customer_password, clock, runner):
        change_password(signed_in, customer_password, NEW)
        link = link_in(app, PASSWORD_MAIL)
        clock.advance(7 * DAY - 1)
        assert app.test_client().get(link, follow_redirects=True).status_code == 200
        clock.advance(1)
        assert app.test_client().get(link, follow_redirects=True).status_code == 410
        assert re.search(r"1  undo links", runner.invoke(args=["purge"]).output)

    def test_the_link_is_in_no_log_and_in_no_table(self, app, alice, signed_in, caplog, database):
        from portal.extensions import db

        caplog.set_level("DEBUG")
        add_device(signed_in, alice)
        link = link_in(app, ADDED)
        undo(app, link)
        token = link.rpartition("/")[2]
        assert token not in caplog.text
        with app.app_context():
            for table in db.metadata.sorted_tables:
                for row in db.session.execute(db.select(table)):
                    assert token not in str(row), table.name


def test_a_device_without_a_name_is_named_in_the_language_of_the_reader(
    app, signed_in, customer_password, clock
):
    """Mails and pages in German named it in English."""
    language = find_form(signed_in.get("/").text, button="Deutsch")
    signed_in.post("/language", data=language.filled({"language": "de"}))
    phone = enrol(signed_in, clock, customer_password)
    words = {"name": "Tablet", "code": phone.next_code()}
    step = submit(signed_in, f"{TWOFACTOR}/authenticators/new", words, follow_redirects=True)
    tablet = parse(step.text).by_id("twofactor-secret").text.replace(" ", "")
    answer(signed_in, step, {"code": oathtool(tablet, clock())})
    clock.advance(DAY + 60)
    sign_in(signed_in, "alice", customer_password)
    page = signed_in.get(f"{TWOFACTOR}/sign-in")
    answer(signed_in, page, {"code": oathtool(tablet, clock())})
    clock.advance()
    paths = re.findall(r'"([^"]+/authenticators/\w{32})"', signed_in.get(f"{TWOFACTOR}/").text)
    [path] = [each for each in paths if 'value="Tablet"' not in signed_in.get(each).text]
    submit(signed_in, path, {"code": oathtool(tablet, clock())}, button="Entfernen")
    mail = mailbox(app)[-1]
    assert "Authenticator-App" in mail.text
    browser = app.test_client()
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    asked = browser.get(mail.link, follow_redirects=True)
    assert "„Authenticator-App“ wurde entfernt" in read(asked)
    assert "„Authenticator-App“ gilt wieder" in read(asked)
    done = submit(browser, mail.link, {}, button="Ja, rückgängig machen", follow_redirects=True)
    texts = [mail.text, mail.html, asked.text, done.text, mailbox(app)[-1].text]
    assert not [text for text in texts if "Authenticator app" in text]
    assert TOTP.label == UNNAMED


class TestThePortalsOwnChanges:
    @both
    def test_a_changed_password(self, app, signed_in, customer_password):
        other = app.test_client()
        sign_in(other, "alice", customer_password)
        change_password(other, customer_password, EVIL)
        done = undo(app, link_in(app, PASSWORD_MAIL))
        assert done.request.path == "/undo/done"
        assert other.get("/").status_code == 303
        assert not can_sign_in(app, EVIL)
        assert not can_sign_in(app, customer_password), "the person who changed it knew the old one"
        assert reset(app).location == "/login"
        assert can_sign_in(app, NEW)

    @both
    def test_a_changed_address_is_put_back_and_shuts_out_the_new_mailbox(
        self, app, signed_in, customer_password
    ):
        change_email(signed_in, customer_password, ELSEWHERE)
        submit(app.test_client(), "/forgot", {"email": ELSEWHERE})
        theirs = last_link(app)
        page = undo(app, link_in(app, EMAIL_MAIL))
        assert f"Your e-mail address is {HOME} again." in read(page)
        assert signed_in.get("/").status_code == 303
        assert app.test_client().get(theirs).location == "/forgot"
        before = len(mailbox(app, ELSEWHERE))
        submit(app.test_client(), "/forgot", {"email": ELSEWHERE})
        assert len(mailbox(app, ELSEWHERE)) == before, "neither a link nor a word"
        assert "/undo/" not in "".join(mail.text for mail in mailbox(app, ELSEWHERE))
        assert mailbox(app)[-1].subject == UNDONE_MAIL
        reset(app)
        assert can_sign_in(app, NEW, HOME)

    def test_an_address_that_somebody_else_has_now(self, app, signed_in, customer_password):
        change_email(signed_in, customer_password, ELSEWHERE)
        make_customer(app, "bob", HOME, "bobs-lantern-of-tin-7")
        page = undo(app, link_in(app, EMAIL_MAIL))
        assert f"{HOME} belongs to another account now" in read(page)
        submit(app.test_client(), "/forgot", {"email": ELSEWHERE})
        reset(app)
        assert mailbox(app)[-1].subject == UNDONE_MAIL
        assert can_sign_in(app, NEW)
        assert can_sign_in(app, "bobs-lantern-of-tin-7", HOME)
        # Until the customer enters an address there is nobody to write to.
        assert not [mail for mail in mails(app) if str(mail["To"]).endswith(".invalid")]

    def test_pages_show_no_address_to_who_has_none(self, app, signed_in, customer_password):
        """They showed its placeholder as if mails could reach it."""
        change_email(signed_in, customer_password, ELSEWHERE)
        make_customer(app, "bob", HOME, "bobs-lantern-of-tin-7")
        undo(app, link_in(app, EMAIL_MAIL))
        reset(app)
        client, third = app.test_client(), "alice@third.example"
        sign_in(client, "alice", NEW)
        overview = client.get("/")
        assert "You have no e-mail address. Enter one." in read(overview)
        assert '<dd><a href="/security/email">' in overview.text
        assert "You have no e-mail address. Enter one." in read(client.get("/security/"))
        assert "Your account has no e-mail address." in read(client.get("/security/email"))
        submit(client, "/security/email", {"current_password": NEW, "email": third})
        waits = read(client.get("/security/email"))
        assert f"Waiting for {third} to be confirmed" in waits
        told = submit(client, "/security/email", {}, button="Cancel", follow_redirects=True)
        for page in ("/", "/security/", "/security/email"):
            assert ".invalid" not in client.get(page).text
        assert ".invalid" not in waits + read(told)
        submit(client, "/security/email", {"current_password": NEW, "email": third})
        confirm_email(app)
        assert third in read(client.get("/"))

    def test_an_earlier_password_link_puts_back_the_address_too(
        self, app, signed_in, customer_password
    ):
        change_password(signed_in, customer_password, EVIL)
        change_email(signed_in, EVIL, ELSEWHERE)
        later = link_in(app, EMAIL_MAIL)
        undo(app, link_in(app, PASSWORD_MAIL))
        assert app.test_client().get(later, follow_redirects=True).status_code == 410
        reset(app)
        assert can_sign_in(app, NEW, HOME)

    def test_a_failed_mail_leaves_everything(self, app, signed_in, customer_password, monkeypatch):
        from portal.mail import outbox

        change_password(signed_in, customer_password, EVIL)
        link = link_in(app, PASSWORD_MAIL)
        with monkeypatch.context() as broken:
            broken.setattr(outbox, "put", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                undo(app, link)
        assert can_sign_in(app, EVIL)
        assert signed_in.get("/").status_code == 200
        assert undo(app, link).status_code == 200


class TestTheSecondFactor:
    """Each change of it has a link; the state of before is back afterwards."""

    def make(self, what, client, alice, password, runner):
        if what == "deactivated":
            submit(client, f"{TWOFACTOR}/deactivate", {"code": alice.next_code()})
        elif what == "areas":
            page = submit(client, f"{TWOFACTOR}/", {"areas": ["invoices"]}, button="Save")
            answer(client, page, {"twofactor_code": alice.next_code()})
        elif what == "recovery":
            new_recovery_code(client, alice.next_code())
        elif what == "reset":
            runner.invoke(args=["twofactor", "reset", "alice", "--reason", "x", "--yes"])
        else:
            self.secret = add_device(client, alice)

    @both
    @pytest.mark.parametrize(
        ("what", "subject"),
        [
            ("deactivated", OFF),
            ("areas", AREAS),
            ("recovery", RECOVERY),
            ("added", ADDED),
            ("reset", "Our support team turned off two-factor authentication"),
        ],
    )
    def test_what_was_before_is_back(
        self, app, signed_in, alice, customer_password, runner, what, subject
    ):
        self.make(what, signed_in, alice, customer_password, runner)
        page = undo(app, link_in(app, subject))
        assert page.request.path == "/undo/done"
        assert signed_in.get("/").status_code == 303
        link, client = last_link(app), app.test_client()
        asks = what == "recovery"  # the earlier code works again
        form = client.get(link, follow_redirects=True)
        assert ("had before this change" in form.text) == asks
        former = {"former_password": customer_password} if asks else {}
        words = {"new_password": NEW, "repeat_password": NEW, **former}
        asked = submit(client, "/reset/choose", words)
        assert asked.status_code == 403, "the password area asks for a code again"
        if what == "added":
            stolen = oathtool(self.secret, alice.clock())
            assert answer(client, asked, {"twofactor_code": stolen}).status_code == 403
        assert answer(client, asked, {"twofactor_code": alice.next_code()}).status_code == 303
        assert not can_sign_in(app, NEW)
        assert can_sign_in(app, NEW, code=alice.next_code())
        events = app.test_client()
        sign_in(events, "alice", NEW)
        submit(events, f"{TWOFACTOR}/sign-in", {"code": alice.next_code()})
        assert "undone" in events.get(f"{TWOFACTOR}/activity").text

    def test_a_password_or_address_undone_leaves_the_second_factor(
        self, app, signed_in, alice, customer_password
    ):
        words = {"current_password": customer_password, "email": ELSEWHERE}
        asked = submit(signed_in, "/security/email", words)
        answer(signed_in, asked, {"twofactor_code": alice.next_code()})
        confirm_email(app)
        add_device(signed_in, alice)  # the mail goes elsewhere
        undo(app, link_in(app, EMAIL_MAIL))
        assert (
            app.test_client().get(link_in(app, ADDED, ELSEWHERE), follow_redirects=True).status_code
            == 410
        ), "the link in the other mailbox has ended"
        with app.app_context():
            from portal.extensions import db, twofactor
            from portal.models import Customer

            alice_row = db.session.scalars(db.select(Customer)).one()
            assert len(twofactor.areas_of(alice_row)) == 5


class TestWhoHoldsWhat:
    """The table in docs/security.md, "This wasn't me": a test for each cell."""

    def activated(self, app):
        return link_in(app, ON)

    @pytest.fixture
    def only_sign_in(self, signed_in, clock, customer_password):
        """Alice, whose reset link asks for no code: the mailbox alone gives a new password."""
        return enrol(signed_in, clock, customer_password, ["sign_in"])

    def test_the_mailbox_alone(self, app, only_sign_in, customer_password, clock):
        reset_before = submit(app.test_client(), "/forgot", {"email": HOME})
        assert reset_before.status_code == 200
        reset(app, EVIL)
        assert not can_sign_in(app, EVIL), "before: a password, but no code"
        undo(app, self.activated(app))  # the second factor is off
        for guess in ("", EVIL, NEW):
            refused = reset(app, EVIL, former_password=guess)
            assert refused.status_code == 200
            assert not can_sign_in(app, EVIL), "the password chosen by mail since is no proof"
            submit(app.test_client(), "/forgot", {"email": HOME})
        clock.advance(30 * DAY)
        submit(app.test_client(), "/forgot", {"email": HOME})
        assert "had before this change" in reset(app, EVIL).text
        submit(app.test_client(), "/forgot", {"email": HOME})
        assert reset_with(app, customer_password) == 303, "the owner knows it"
        assert can_sign_in(app, NEW)

    def test_mailbox_and_a_stolen_phone_that_was_removed(
        self, app, signed_in, only_sign_in, customer_password, clock
    ):
        tablet = add_device(signed_in, only_sign_in, "Tablet")
        later = a_day_later(app, customer_password, tablet, clock)
        clock.advance()
        assert remove_first(later, oathtool(tablet, clock())).status_code == 303
        page = undo(app, link_in(app, REMOVED))
        assert "works again" in read(page)
        assert reset(app, EVIL, former_password=EVIL).status_code == 200
        assert not can_sign_in(app, EVIL, code=only_sign_in.next_code())
        # Afterwards the owner has both devices again, with the password of then.
        submit(app.test_client(), "/forgot", {"email": HOME})
        assert reset_with(app, customer_password) == 303
        assert can_sign_in(app, NEW, code=only_sign_in.next_code())

    def test_mailbox_and_former_password(self, app, only_sign_in, customer_password):
        """They get in: an owner who was shut out by somebody else's activation holds the same."""
        undo(app, self.activated(app))
        assert reset_with(app, customer_password) == 303
        assert can_sign_in(app, NEW)

    def test_a_link_alone_gives_nothing(self, app, only_sign_in, customer_password):
        undo(app, self.activated(app))
        assert mailbox(app)[-1].subject == UNDONE_MAIL
        assert not can_sign_in(app, customer_password)

    @pytest.mark.parametrize("what", ["password", "device"])
    def test_password_session_and_codes_are_out_after_the_owner_s_click(
        self, app, signed_in, only_sign_in, customer_password, what
    ):
        thief = app.test_client()
        sign_in(thief, "alice", customer_password)
        submit(thief, f"{TWOFACTOR}/sign-in", {"code": only_sign_in.next_code()})
        if what == "password":
            change_password(thief, customer_password, EVIL)
            undo(app, link_in(app, PASSWORD_MAIL))
        else:
            theirs = add_device(thief, only_sign_in)
            undo(app, link_in(app, ADDED))
        assert thief.get("/").status_code == 303
        for password in (customer_password, EVIL):
            assert not can_sign_in(app, password)
        reset(app)
        if what == "device":
            assert not can_sign_in(app, NEW, code=oathtool(theirs, only_sign_in.clock()))
        assert can_sign_in(app, NEW, code=only_sign_in.next_code())

    @pytest.mark.parametrize("protected", [False, True])
    def test_the_old_mailbox_after_a_change_of_address(
        self, app, signed_in, customer_password, clock, protected
    ):
        if protected:
            enrol(signed_in, clock, customer_password, ["sign_in"])
        change_email(signed_in, customer_password, ELSEWHERE)
        link = link_in(app, EMAIL_MAIL)
        undo(app, link)
        reset(app, EVIL)
        assert can_sign_in(app, EVIL) is not protected, "as before the change of the address"

    def test_the_old_mailbox_after_seven_days(self, app, signed_in, customer_password, clock):
        change_email(signed_in, customer_password, ELSEWHERE)
        clock.advance(7 * DAY)
        assert (
            app.test_client().get(link_in(app, EMAIL_MAIL), follow_redirects=True).status_code
            == 410
        )

    def test_the_thief_s_password_is_no_wall_for_the_owner(
        self, app, signed_in, only_sign_in, customer_password, clock
    ):
        """The thief changed the password, then removed the phone: the one before counts."""
        theirs = add_device(signed_in, only_sign_in)
        change_password(signed_in, customer_password, EVIL)
        later = a_day_later(app, EVIL, theirs, clock)
        clock.advance()
        assert remove_first(later, oathtool(theirs, clock())).status_code == 303
        undo(app, link_in(app, PASSWORD_MAIL))
        undo(app, link_in(app, REMOVED))
        assert reset_with(app, customer_password) == 303
        assert can_sign_in(app, NEW, code=only_sign_in.next_code())

    def test_many_changes_don_t_push_out_the_first_link(
        self, app, signed_in, only_sign_in, customer_password, clock
    ):
        theirs = add_device(signed_in, only_sign_in)
        link, later = link_in(app, ADDED), a_day_later(app, customer_password, theirs, clock)
        for _ in range(11):
            clock.advance()
            new_recovery_code(later, oathtool(theirs, clock()))
        assert [mail.subject for mail in mailbox(app)].count(RECOVERY) == 11
        undo(app, link)
        assert reset_with(app, customer_password) == 303
        assert not can_sign_in(app, NEW, code=oathtool(theirs, only_sign_in.clock()))
        assert can_sign_in(app, NEW, code=only_sign_in.next_code())

    def test_guesses_of_the_former_password_are_counted(self, app, only_sign_in, customer_password):
        undo(app, self.activated(app))
        client = app.test_client()
        client.get(last_link(app))
        words = {"new_password": NEW, "repeat_password": NEW}
        for _ in range(10):
            page = submit(client, "/reset/choose", {**words, "former_password": "wrong"})
            assert "isn't the password you had" in read(page)
        held = submit(client, "/reset/choose", {**words, "former_password": customer_password})
        assert "Too many wrong passwords" in read(held)
        only_sign_in.clock.advance(60)
        done = submit(client, "/reset/choose", {**words, "former_password": customer_password})
        assert done.status_code == 303

    def test_an_operator_s_new_password_needs_no_former_one(self, app, only_sign_in, runner):
        undo(app, self.activated(app))
        runner.invoke(args=["user", "set-password", "alice", "--password", NEW])
        submit(app.test_client(), "/forgot", {"email": HOME})
        assert reset(app, "another-anchor-piano-9").status_code == 303


def a_day_later(app, password, secret, clock):
    """Sign in with a device that is no longer new, and may remove others."""
    clock.advance(DAY + 60)
    client = app.test_client()
    sign_in(client, "alice", password)
    submit(client, f"{TWOFACTOR}/sign-in", {"code": oathtool(secret, clock())})
    assert client.get("/").status_code == 200
    return client


def reset_with(app, former):
    """Choose NEW with the newest reset link and a former password; return the status."""
    return reset(app, former_password=former).status_code


def remove_first(client, code):
    """Remove the device of the activation."""
    rows = parse(client.get(f"{TWOFACTOR}/").text).all("a")
    found = [a.get("href") for a in rows if re.search(r"/authenticators/[^/]+$", a.get("href"))]
    address = next(each for each in found if not each.endswith("/new"))
    return submit(client, address, {"code": code}, button="Remove")
