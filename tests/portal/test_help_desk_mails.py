"""Mails about what staff do at the help desk, and the sessions that end with it."""

import json
import re

import pytest
from sqlalchemy import func, select

from tests.portal.desk import Staff, speak
from tests.portal.mails import html_of, mails, plain_of
from tests.support.codes import oathtool
from tests.support.databases import both
from tests.support.enrol import TWOFACTOR, enrol, sign_in, status
from tests.support.forms import answer, find_form, send, submit
from tests.support.html import parse

pytestmark = pytest.mark.thorough

START_OVER = re.compile(rf"http\S+({TWOFACTOR}/start-over/[\w-]{{43}})")
UNDO = re.compile(r"http\S+(/undo/[\w-]+)")
OF_DEEDS = {
    "unlock": ("We've unlocked your account", "Wir haben Ihr Konto entsperrt"),
    "reset": (
        "Our support team turned off two-factor authentication",
        "Unser Support hat die Zwei-Faktor-Authentifizierung ausgeschaltet",
    ),
    "start-over": (
        "Set up two-factor authentication again",
        "Richten Sie die Zwei-Faktor-Authentifizierung neu ein",
    ),
    "remove": (
        "Our support team removed a device from your account",
        "Unser Support hat ein Gerät aus Ihrem Konto entfernt",
    ),
}
ASKED = (
    "Somebody asked us to turn off two-factor authentication",
    "Jemand hat uns gebeten, die Zwei-Faktor-Authentifizierung auszuschalten",
)


@pytest.fixture
def settings():
    """One agent resets, but where a test says otherwise."""
    return {"HELP_DESK_TWO_PEOPLE": False}


@pytest.fixture
def phone(signed_in, clock, customer_password):
    return enrol(signed_in, clock, customer_password, ["sign_in"])


@pytest.fixture
def tablet(signed_in, phone):
    """A second device; return its id."""
    first = {"name": "Tablet", "code": phone.next_code()}
    asked = submit(signed_in, f"{TWOFACTOR}/authenticators/new", first, follow_redirects=True)
    secret = parse(asked.text).by_id("twofactor-secret").text.replace(" ", "")
    done = answer(signed_in, asked, {"code": oathtool(secret, phone.clock())})
    assert done.status_code == 303
    listed = parse(signed_in.get(f"{TWOFACTOR}/").text)
    links = [each.get("href") for each in listed.all("a")]
    [*_, last] = [each for each in links if "/authenticators/" in each and "new" not in each]
    return last.split("/authenticators/")[1].split("/")[0]


@pytest.fixture
def staff(app, clock):
    """An agent who reads German, in Firefox."""
    return Staff(app, clock, language="de")


def of_alice(app):
    return [each for each in mails(app) if each["To"] == "alice@example.org"]


def waiting(app):
    from portal.extensions import db
    from portal.models import OutboxMail

    with app.app_context(), db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(OutboxMail))


@both
@pytest.mark.parametrize("deed", OF_DEEDS)
@pytest.mark.parametrize("tongue", ["en", "de"])
def test_each_deed_is_told_in_the_language_of_the_customer(
    app, signed_in, customer, tablet, staff, deed, tongue
):
    """Neither the language nor the browser of the agent gets into the mail, nor the reason."""
    if tongue == "de":
        speak(signed_in, "de")
    before = len(of_alice(app))
    done = staff.do(deed, customer.id, device=tablet, reason="said so on the phone")
    assert done.status_code == 303, done.text
    [mail] = of_alice(app)[before:]
    assert mail["Subject"] == OF_DEEDS[deed][tongue == "de"]
    for text in (plain_of(mail), html_of(mail)):
        for hidden in ("Firefox", "Linux", "dorothea", "said so", "127.0.0.1,"):
            assert hidden not in text, hidden
        assert ("Undo it within 7 days" in text) == (tongue == "en" and deed in ("reset", "remove"))
    assert (UNDO.search(plain_of(mail)) is not None) == (deed in ("reset", "remove"))


class TestTwoPeople:
    @pytest.fixture
    def settings(self):
        return {}

    @both
    def test_a_request_is_told_and_changes_nothing(self, app, signed_in, customer, phone, staff):
        before = len(of_alice(app))
        assert staff.do("reset", customer.id).status_code == 303
        [mail] = of_alice(app)[before:]
        assert mail["Subject"] == ASKED[0]
        assert "another colleague checks it first" in " ".join(plain_of(mail).split())
        assert "Firefox" not in plain_of(mail) + html_of(mail)
        assert UNDO.search(plain_of(mail)) is None
        assert signed_in.get("/").status_code == 200
        assert status(signed_in) == "on"

    def test_a_request_is_told_in_german(self, app, signed_in, customer, phone, staff):
        speak(signed_in, "de")
        staff.do("reset", customer.id)
        assert of_alice(app)[-1]["Subject"] == ASKED[1]

    def test_a_declined_request_sends_no_other_mail(self, app, customer, phone, staff):
        staff.do("reset", customer.id)
        before = len(of_alice(app))
        assert staff.do("decline", customer.id).status_code == 303
        assert len(of_alice(app)) == before

    def test_a_refused_confirmation_sends_no_mail(self, app, customer, phone, staff):
        staff.do("reset", customer.id)
        before = len(of_alice(app))
        refused = staff.asked("confirm", customer.id)
        assert "Sie haben selbst darum gebeten" in parse(refused.text).text
        assert len(of_alice(app)) == before
        assert waiting(app) == 0


class TestSessions:
    @both
    @pytest.mark.parametrize(
        ("deed", "is_out"),
        [("unlock", True), ("reset", True), ("remove", True), ("start-over", False)],
    )
    def test_who_is_signed_out(self, app, signed_in, customer, tablet, staff, deed, is_out):
        """A link to start over alone changes nothing yet; the agent stays signed in."""
        assert staff.do(deed, customer.id, device=tablet).status_code == 303
        assert signed_in.get("/").status_code == (303 if is_out else 200)
        assert staff.client.get("/").status_code == 200
        told = "You were signed out everywhere" in plain_of(of_alice(app)[-1])
        assert told == is_out


class TestStartOver:
    @both
    def test_the_link_in_the_mail_starts_over(
        self, app, client, signed_in, customer, customer_password, phone, staff
    ):
        staff.do("start-over", customer.id)
        mail = of_alice(app)[-1]
        link = START_OVER.search(plain_of(mail))[1]
        assert link in html_of(mail)
        assert START_OVER.search(plain_of(mail))[0].startswith("http://127.0.0.1:5000/")
        new = app.test_client()
        page = new.get(link, follow_redirects=True)
        assert "alice" in page.text
        assert "Set up two-factor authentication again" in parse(page.text).all("h1")[0].text
        done = submit(new, link, {"password": customer_password})
        assert done.status_code == 302
        assert done.location.startswith(f"{TWOFACTOR}/activate")
        assert signed_in.get("/").status_code == 303, "everybody else is signed out"
        assert status(new) == "off"
        told = of_alice(app)[-1]
        assert told["Subject"] == OF_DEEDS["reset"][0]
        again = new.get(link, follow_redirects=True)
        assert "already used, or has expired" in parse(again.text).text
        enrol(new, phone.clock, customer_password, ["sign_in"])

    def test_a_form_that_is_sent_again_leads_on(
        self, app, customer, customer_password, phone, staff
    ):
        """The person whose first answer was slow is not told that the link was used."""
        staff.do("start-over", customer.id)
        link = START_OVER.search(plain_of(of_alice(app)[-1]))[1]
        new = app.test_client()
        new.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        page = new.get(link, follow_redirects=True)
        form = find_form(page.text, "password")
        for _ in range(2):
            done = send(new, page.request.path, form, {"password": customer_password})
            assert done.status_code in (302, 303)
            assert done.location == f"{TWOFACTOR}/activate"
        other = app.test_client()
        other.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        refused = send(other, page.request.path, form, {"password": customer_password})
        refused = other.get(refused.location) if refused.status_code == 303 else refused
        assert status(new) == "off"
        assert refused.status_code != 200 or "Sign in" in refused.text

    def test_the_link_alone_is_not_enough(self, app, client, customer, phone, staff):
        staff.do("start-over", customer.id)
        link = START_OVER.search(plain_of(of_alice(app)[-1]))[1]
        thief = app.test_client()
        for _ in range(12):
            refused = submit(thief, link, {"password": "not-the-password"})
            assert refused.status_code in (400, 422, 429, 403, 200)
        assert refused.status_code == 429, "they are counted as everywhere"
        assert "On hold" not in refused.text

    def test_an_older_link_ends(self, app, customer, customer_password, phone, staff):
        staff.do("start-over", customer.id)
        older = START_OVER.search(plain_of(of_alice(app)[-1]))[1]
        staff.do("start-over", customer.id)
        page = app.test_client().get(older, follow_redirects=True)
        assert "already used, or has expired" in parse(page.text).text


class TestUndo:
    @both
    @pytest.mark.parametrize("deed", ["reset", "remove"])
    def test_the_customer_undoes_it(
        self, app, signed_in, customer, customer_password, tablet, phone, staff, deed
    ):
        """Somebody else has called; the mail is all that the customer needs."""
        staff.do(deed, customer.id, device=tablet)
        link = UNDO.search(plain_of(of_alice(app)[-1]))[1]
        done = submit(app.test_client(), link, {}, button="Yes, undo this", follow_redirects=True)
        assert done.status_code == 200
        told = plain_of(of_alice(app)[-1])
        assert "You undid a change to your account" in of_alice(app)[-1]["Subject"]
        if deed == "reset":
            assert "Two-factor authentication is on again." in told
        assert "“Tablet” works again." in told
        run = app.test_cli_runner().invoke(args=["twofactor", "authenticators", "alice"])
        assert "Tablet" in run.output


class TestRolledBack:
    @both
    @pytest.mark.parametrize("deed", OF_DEEDS)
    def test_a_deed_that_fails_sends_no_mail(
        self, app, signed_in, customer, tablet, staff, deed, monkeypatch
    ):
        """The event of the agent is written after the mail; if it can't be, there is neither."""
        from portal.twofactor.storage.transaction import Transaction

        record = Transaction.record

        def failing(self, *events):
            if any(each.kind.startswith("desk_") for each in events):
                raise RuntimeError("the database went away")
            record(self, *events)

        asked = staff.asked(deed, customer.id, device=tablet)
        before = len(of_alice(app))
        monkeypatch.setattr(Transaction, "record", failing)
        with pytest.raises(RuntimeError):
            answer(staff.client, asked, {"twofactor_code": staff.phone.next_code()})
        monkeypatch.undo()
        app.extensions["courier"].wait(30)
        assert waiting(app) == 0
        assert len(of_alice(app)) == before
        assert signed_in.get("/").status_code == 200
        assert status(signed_in) == "on"

    def test_the_last_device_stays_and_nobody_is_told(self, app, customer, phone, staff):
        before = len(of_alice(app))
        words = ["twofactor", "authenticators", "alice", "--json"]
        [only] = json.loads(app.test_cli_runner().invoke(args=words).stdout)
        refused = staff.do("remove", customer.id, device=only["authenticator"])
        assert "Fehler:" in parse(refused.text).all("title")[0].text
        assert len(of_alice(app)) == before


def test_an_operator_s_removal_signs_out_too(app, signed_in, customer, tablet):
    """The same function does it from the command line."""
    done = app.test_cli_runner().invoke(
        args=["twofactor", "remove-authenticator", "alice", tablet, "--reason", "lost", "--yes"]
    )
    assert done.exit_code == 0, done.output
    assert signed_in.get("/").status_code == 303


def test_the_customer_s_own_removal_signs_nobody_out(app, signed_in, customer, tablet, phone):
    other = app.test_client()
    asked = sign_in(other, "alice", "plum-coffee-lantern-42", follow_redirects=True)
    answer(other, asked, {"code": phone.next_code()})
    assert other.get("/").status_code == 200
    page = other.get(f"{TWOFACTOR}/authenticators/{tablet}")
    form = find_form(page.text, "code", button="Remove")
    gone = send(other, page.request.path, form, {"code": phone.next_code()})
    assert gone.status_code == 303, gone.text
    assert signed_in.get("/").status_code == 200
