"""Pages in the language of the reader, mails in that of the recipient."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.extensions import db
from portal.i18n import formats, language
from portal.models import Customer
from portal.rules.names import Refused, checked_name
from portal.twofactor import signals
from portal.twofactor.i18n.catalogue import TRANSLATIONS
from tests.portal.mails import html_of, mails, plain_of
from tests.support.customers import make_invoices
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import answer, find_form, send, submit
from tests.support.html import parse
from tests.support.languages import left_in_english
from tests.support.pdf import needs_poppler, text_of
from tests.support.statements import statements_of

pytestmark = [pytest.mark.thorough, pytest.mark.looks]

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = (ROOT / "portal" / "translations" / "de.po", TRANSLATIONS / "de.po")
GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}
NOON = 1_795_529_100  # 24 November 2026, 14:05 UTC


@pytest.fixture
def german(client, customer, customer_password):
    """Alice's browser, signed in and asking for German."""
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = GERMAN["Accept-Language"]
    sign_in(client, "alice", customer_password)
    return client


def choose(client, name, path="/login"):
    """Press a button of the language switch on a page."""
    page = client.get(path)
    return send(client, path, _switch(page.text), {"language": name})


def _switch(text):
    return find_form(text, "next", button="Deutsch")


def in_german(response):
    assert response.headers["Content-Language"] == "de", response.request.path
    assert {"Accept-Language", "Cookie"} <= set(response.vary)
    assert parse(response.text).all("html")[0].get("lang") == "de"
    assert left_in_english(response.text, *CATALOGUES) == set(), response.request.path
    return response.text


def heading(page):
    return parse(page.text).all("h1")[0].text


class TestPages:
    """Every page of the portal is in German, with no English left."""

    def test_pages_without_values_in_their_address(
        self, app, german, customer, customer_password, clock
    ):
        make_invoices(app, customer)
        paths = sorted(
            rule.rule
            for rule in app.url_map.iter_rules()
            if "GET" in rule.methods and not rule.arguments
        )
        pages = 0
        for signed_in in (True, False):
            for path in [*paths, "/no-such-page", "/logout"]:
                response = german.get(path, follow_redirects=True)
                if path == "/session/dialog":  # a part of a page
                    assert left_in_english(response.text, *CATALOGUES) == set()
                elif response.mimetype == "text/html":
                    in_german(response)
                    pages += 1
                response.close()
            if signed_in:
                answer(german, german.get("/"), {})  # sign out
        assert pages > 20

    def test_pages_with_two_factor_authentication(self, german, customer_password, clock):
        phone = enrol(german, clock, customer_password)
        clock.advance()
        for path in ("/", "/security/", f"{TWOFACTOR}/", "/security/password", "/invoices/"):
            in_german(german.get(path, follow_redirects=True))
        form = {"current_password": customer_password, "email": "new@example.org"}
        asked = submit(german, "/security/email", form)
        assert asked.status_code == 403
        in_german(asked)
        done = answer(german, asked, {"twofactor_code": phone.code()}, follow_redirects=True)
        assert "Wir haben eine E-Mail an Ihre neue Adresse gesendet." in parse(in_german(done)).text

    @pytest.mark.parametrize(
        ("path", "data", "sentence"),
        [
            ("/security/password", {"new_password": "x"}, "Geben Sie Ihr aktuelles Passwort ein."),
            ("/security/password", {"current_password": "x"}, "Ihr aktuelles Passwort ist falsch."),
            ("/security/email", {"email": "x"}, "Geben Sie eine E-Mail-Adresse wie"),
            ("/security/email", {"email": "ALICE@example.org"}, "Geben Sie Ihr aktuelles Passwort"),
            (
                "/security/profile",
                {"full_name": "x" * 500},
                "Name: Geben Sie höchstens 120 Zeichen",
            ),
            ("/security/profile", {"phone": "\x07"}, "Telefon: Löschen Sie den Text"),
            ("/security/close", {"current_password": ""}, "Geben Sie Ihr aktuelles Passwort ein."),
        ],
    )
    def test_refusals(self, german, path, data, sentence):
        assert sentence in parse(in_german(submit(german, path, data))).text

    @pytest.mark.parametrize(
        ("password", "sentence"),
        [
            ("short", "mindestens 12 Zeichen"),
            ("qwertyuiopas", "Dieses Passwort ähnelt einem, das viele verwenden."),
            ("alice-1234567", "Verwenden Sie nicht Ihren Namen"),
            ("x" * 513, "höchstens 512 Zeichen"),
        ],
    )
    def test_the_rules_for_passwords(self, german, customer_password, password, sentence):
        form = {"current_password": customer_password}
        form |= {"new_password": password, "repeat_password": password}
        assert sentence in in_german(submit(german, "/security/password", form))

    def test_before_the_sign_in(self, client):
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
        wrong = submit(client, "/login", {"identity": "nobody", "password": "wrong"})
        assert "oder Passwort ist falsch." in in_german(wrong)
        in_german(submit(client, "/login", {"identity": "", "password": ""}))
        sent = submit(client, "/forgot", {"email": "nobody@example.org"})
        assert "60 Minuten" in in_german(sent)
        in_german(client.get("/reset/x", follow_redirects=True))

    def test_errors(self, app, german):
        expired = german.post("/security/profile", data={})
        assert heading(expired) == "Diese Seite ist abgelaufen"
        in_german(expired)
        in_german(german.get("/invoices/x.pdf"))
        refused = german.get("/no-such-page", headers={"Accept": "application/json"})
        assert refused.json["message"].startswith("Wenn Sie die Adresse eingetippt haben")

    def test_pages_of_failures(self, app, german, monkeypatch):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        monkeypatch.setitem(app.view_functions, "account.security", lambda: 1 / 0)
        assert heading(german.get("/security/")) == "Leider ist ein Fehler aufgetreten"

    def test_sessions_and_their_numbers(self, app, german, customer_password):
        other = app.test_client()
        other.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
        sign_in(other, "alice", customer_password)
        text = in_german(german.get("/security/sessions"))
        assert "Firefox auf Linux" in text
        assert "Auf 2 Geräten" in german.get("/security/").text
        gone = submit(
            german,
            "/security/sessions",
            {"others": "1"},
            button="Alle anderen Geräte abmelden",
            follow_redirects=True,
        )
        assert "Sie haben 1 anderes Gerät abgemeldet." in gone.text


class TestChoice:
    def test_english_is_spoken_where_the_browser_asks_for_nothing_we_have(self, client):
        for wish in (None, "fr", "fr-FR, es;q=0.5", "en-US", "de;q=0", "*"):
            page = client.get("/login", headers={"Accept-Language": wish} if wish else {})
            assert heading(page) == "Sign in"
            assert parse(page.text).all("html")[0].get("lang") == "en-GB"
            assert page.headers["Content-Language"] == "en"

    def test_the_switch_is_a_choice_that_stays(self, client):
        page = client.get("/login", headers=GERMAN)
        german, english = (
            next(node for node in parse(page.text).all("button") if node.get("value") == name)
            for name in ("de", "en")
        )
        assert (german.text, german.get("lang")) == ("Deutsch", "de")
        assert (english.text, english.get("lang")) == ("English", "en")
        assert "aria-current" in german.attributes
        assert "aria-current" not in english.attributes
        done = choose(client, "en")
        assert (done.status_code, done.location) == (303, "/login")
        assert heading(client.get("/login", headers=GERMAN)) == "Sign in"
        choose(client, "de")
        assert heading(client.get("/login")) == "Anmelden"

    def test_the_cookie_says_the_language_and_nothing_else(self, client):
        done = choose(client, "de")
        [cookie] = [each for each in done.headers.getlist("Set-Cookie") if "language" in each]
        assert cookie.startswith("portal_language=de;")
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie

    @pytest.mark.parametrize("value", ["", "xx", "../../etc/passwd", "en'", "DE", "de_DE"])
    def test_an_invalid_cookie_is_ignored(self, client, value):
        client.set_cookie("portal_language", value)
        assert heading(client.get("/login")) == "Sign in"

    def test_it_is_kept_with_the_customer(self, app, signed_in, customer, customer_password):
        done = choose(signed_in, "de", "/security/")
        assert done.location == "/security/"
        with app.app_context():
            assert db.session.get(Customer, customer.id).language == "de"
        other = app.test_client()
        assert heading(other.get("/login")) == "Sign in"
        sign_in(other, "alice", customer_password)
        assert heading(other.get("/security/")) == "Sicherheit"
        # From then on in that browser, also signed out and on pages that load no user.
        assert heading(other.get("/no-such-page")) == "Seite nicht gefunden"
        submit(other, "/", {}, button="Abmelden")
        assert heading(other.get("/login")) == "Anmelden"

    def test_it_goes_before_what_the_browser_wishes(self, signed_in):
        choose(signed_in, "en", "/")
        page = signed_in.get("/security/", headers=GERMAN)
        assert heading(page) == "Security"
        signed_in.set_cookie("portal_language", "de")
        assert heading(signed_in.get("/security/")) == "Security"

    def test_a_stored_language_that_is_no_longer_offered_is_ignored(self, app, signed_in, customer):
        with app.app_context():
            db.session.get(Customer, customer.id).language = "tlh"
            db.session.commit()
        assert heading(signed_in.get("/security/")) == "Security"

    def test_a_search_comes_back_to_itself(self, client):
        page = client.get("/login?next=/invoices/")
        done = send(client, "/login?next=/invoices/", _switch(page.text), {"language": "de"})
        assert done.location == "/login?next=/invoices/"

    def test_the_page_of_a_refused_removal_comes_back_to_itself(
        self, signed_in, customer_password, clock
    ):
        enrol(signed_in, clock, customer_password)
        settings = signed_in.get(f"{TWOFACTOR}/").text
        device = re.search(rf"{TWOFACTOR}/authenticators/[0-9a-f]{{32}}", settings)[0]
        rename = find_form(signed_in.get(device).text, "name")
        refused = signed_in.post(f"{device}/remove", data=rename.filled({"code": "123456"}))
        assert refused.status_code == 403
        done = send(signed_in, f"{device}/remove", _switch(refused.text), {"language": "de"})
        assert done.location == f"{device}/remove"
        assert parse(signed_in.get(done.location).text).all("html")[0].get("lang") == "de"

    @pytest.mark.parametrize(
        "target",
        [
            "//evil.example",
            "https://evil.example/",
            "/\\evil.example",
            "/logout",
            "javascript:x",
            "",
        ],
    )
    def test_the_switch_leads_to_no_other_site(self, client, target):
        form = _switch(client.get("/login").text)
        done = send(client, "/login", form, {"language": "de", "next": target})
        assert done.location == "/"

    def test_a_language_that_is_not_offered_is_refused(self, client):
        form = _switch(client.get("/login").text)
        for name in ("fr", "", "de_AT"):
            assert send(client, "/login", form, {"language": name}).status_code == 400

    def test_no_other_site_can_switch_it(self, client):
        assert client.post("/language", data={"language": "de"}).status_code == 400

    def test_the_switch_costs_no_statement(self, app, signed_in, customer):
        def statements(path):
            signed_in.get(path)
            with statements_of(app) as seen:
                signed_in.get(path)
            return seen

        before = {path: statements(path) for path in ("/", "/security/password", "/healthz")}
        choose(signed_in, "de", "/")
        after = {path: statements(path) for path in before}
        assert after == before

    def test_answers_without_a_sentence_say_nothing_of_it(self, client):
        assert "Content-Language" not in client.get("/healthz").headers
        with client.get("/static/portal.css") as response:
            assert "Content-Language" not in response.headers
            assert "Accept-Language" not in response.vary


class TestMails:
    """C-75"""

    def of(self, app):
        return [(mail["Subject"], mail["Content-Language"]) for mail in mails(app)]

    def test_in_the_language_that_the_owner_has_chosen(
        self, app, signed_in, customer, customer_password, clock
    ):
        choose(signed_in, "de", "/")
        enrol(signed_in, clock, customer_password)
        [mail] = mails(app)
        assert mail["Subject"] == "Die Zwei-Faktor-Authentifizierung ist eingeschaltet"
        assert mail["Content-Language"] == "de"
        text = plain_of(mail)
        assert "Guten Tag alice," in text
        assert "wenn Sie sich anmelden, Ihr Passwort ändern, Ihre E-Mail-Adresse ändern" in text
        assert re.search(r"Wann: \d+\. \w+ 20\d\d, \d+:\d\d Uhr \(UTC\)", text)
        assert left_in_english(html_of(mail), *CATALOGUES) == set()
        # So are mails that the operator causes.
        app.test_cli_runner().invoke(args=["twofactor", "reset", "alice", "--reason", "x", "--yes"])
        assert self.of(app)[-1] == (
            "Unser Support hat die Zwei-Faktor-Authentifizierung ausgeschaltet",
            "de",
        )

    def test_in_the_language_of_the_request_when_it_is_the_owner_s_own(
        self, app, german, customer_password, clock
    ):
        phone = enrol(german, clock, customer_password, ["sign_in"])
        form = {"email": "new@example.org", "current_password": customer_password}
        submit(german, "/security/email", form)
        app.test_cli_runner().invoke(
            args=["twofactor", "unlock", "alice", "--reason", "x", "--yes"]
        )
        assert self.of(app) == [
            ("Die Zwei-Faktor-Authentifizierung ist eingeschaltet", "de"),
            ("Jemand möchte Ihre E-Mail-Adresse ändern", "de"),
            ("Bestätigen Sie Ihre E-Mail-Adresse", "de"),
            # By the operator, so in English, since no language is known.
            ("We've unlocked your account", "en-GB"),
        ]
        with app.test_client() as other:
            sign_in(other, "alice", customer_password, headers=GERMAN)
            other.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
            submit(other, f"{TWOFACTOR}/sign-in?use=recovery", {"code": phone.recovery_code})
        subject, spoken = self.of(app)[-1]
        assert subject.startswith("Ihr Wiederherstellungscode wurde verwendet")
        assert spoken == "de"

    def test_not_in_the_language_of_a_guesser(self, app, customer):
        with app.test_request_context(headers=GERMAN):
            signals.challenge_failed.send(app, user_id=str(customer.id), run=5, area="sign_in")
        assert self.of(app) == [("Wrong codes for your account", "en-GB")]

    def test_the_link_for_a_forgotten_password(self, app, client, customer, customer_password):
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
        submit(client, "/forgot", {"email": "alice@example.org"})
        [mail] = mails(app)
        assert mail["Subject"] == "Passwort zurücksetzen"
        link = re.search(r"http://\S+/reset/\S+", plain_of(mail))[0]
        path = link[link.index("/reset/") :]
        in_german(client.get(path, follow_redirects=True))
        password = "other-lantern-coffee-77"
        submit(client, path, {"new_password": password, "repeat_password": password})
        assert self.of(app)[-1] == ("Ihr Passwort ist geändert", "de")

    def test_the_mail_about_a_closed_account(self, app, german, customer_password):
        submit(german, "/security/close", {"current_password": customer_password})
        assert self.of(app) == [("Ihr Konto ist geschlossen", "de")]


@needs_poppler
def test_an_invoice_as_a_file(app, german, customer):
    [number] = make_invoices(app, customer, 1)
    page = german.get("/invoices/")
    assert "58,80\N{NO-BREAK SPACE}€" in page.text
    assert "15. Januar 2026" in page.text
    with german.get(f"/invoices/{number}.pdf") as file:
        assert file.headers["Content-Language"] == "de"
        data = file.data
    assert b"/Lang (de)" in data
    text = text_of(data)
    for words in (
        "Rechnungsnummer",
        "Bezahlt am 15. Januar 2026",
        "USt. 20 %",
        "58,80 €",
        "Seite 1",
    ):
        assert words in text
    assert left_in_english(f"<p>{text}</p>", *CATALOGUES) == set()


@pytest.mark.parametrize(
    ("name", "money", "day"),
    [
        ("en", "€1,234.50", "24 November 2026"),
        ("de", "1.234,50\N{NO-BREAK SPACE}€", "24. November 2026"),
    ],
)
def test_numbers_and_dates(app, name, money, day):
    from datetime import date

    with app.app_context(), language.speaking(name):
        assert formats.money(123_450) == money
        assert formats.money(-1).replace("\N{NO-BREAK SPACE}", " ") in ("-€0.01", "-0,01 €")
        assert formats.day(date(2026, 11, 24)) == day
        assert formats.device("curl/8") == "curl"


def test_commands_speak_english(app):
    """Also if the operator's environment has another language."""
    create = ["user", "create", "a@b", "--email", "x@example.org", "--password", "x"]
    done = app.test_cli_runner().invoke(args=create)
    assert "A user name can't contain an @ sign." in done.output
    areas = app.test_cli_runner().invoke(args=["twofactor", "areas"]).output
    assert "Password change" in areas
    with pytest.raises(Refused, match="at most 64 characters"):
        checked_name("x" * 65)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40),
    st.text(st.sampled_from("de,en;q=0.19-_*"), max_size=30),
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12),
)
def test_no_wish_is_an_error(app, noise, wish, cookie):
    for value in (noise, wish):
        headers = {"Accept-Language": value, "Cookie": f"portal_language={cookie}"}
        page = app.test_client().get("/no-such-page", headers=headers)
        assert heading(page) in ("Page not found", "Seite nicht gefunden")
