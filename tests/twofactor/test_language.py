"""The blueprint in the language of its host (Flask-Babel); English without it."""

import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import render_template_string
from flask_babel import Babel, lazy_gettext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.twofactor import SetupError, TwoFactor
from portal.twofactor.core import errors
from portal.twofactor.core.records import Event
from portal.twofactor.i18n import language as speech
from portal.twofactor.i18n import times
from portal.twofactor.web import sentences
from portal.twofactor.web.parts import activity, plain
from tests.support.html import parse
from tests.support.languages import left_in_english

from .host import PASSWORD, make_host
from .person import ALL, MOUNT, Person, element

pytestmark = [pytest.mark.thorough, pytest.mark.looks]

GERMAN = Path(speech.__file__).parents[1] / "translations" / "de.po"
ROOT = Path(__file__).resolve().parents[2]
NOON = 1_795_529_100  # 24 November 2026, 14:05 UTC


def speak(app, *languages):
    """Give the host Flask-Babel, which chooses the browser's language."""
    from flask import request

    Babel(app, locale_selector=lambda: request.accept_languages.best_match(languages))


@pytest.fixture
def german(host, clock):
    """A person whose browser asks for German, at a host that has it."""
    speak(host, "en", "de")
    person = Person(host, clock)
    person.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de-AT,de;q=0.9,en;q=0.1"
    person.sign_in()
    return person


def in_german(response):
    assert response.headers["Content-Language"] == "de"
    assert left_in_english(response.text, GERMAN) == set()
    return response.text


class TestPages:
    @pytest.fixture
    def config(self):
        return {"TWOFACTOR_TRUST_SECONDS": 30 * 86_400}

    def test_every_page_is_german_throughout(self, german, clock):
        get = german.client.get
        page = in_german(get(f"{MOUNT}/"))
        assert "Zwei-Faktor-Authentifizierung aktivieren" in page
        in_german(get(f"{MOUNT}/activate"))
        token = german.token(f"{MOUNT}/activate")
        data = {"password": "x", "areas": ALL, "csrf_token": token}
        assert "Ihr aktuelles Passwort ist falsch" in in_german(
            german.client.post(f"{MOUNT}/activate", data=data)
        )
        german.client.post(f"{MOUNT}/activate", data=data | {"password": PASSWORD})
        page = in_german(get(f"{MOUNT}/activate"))
        assert "Schritt 2 von 3" in page
        german.secret = element(page, "twofactor-secret").replace(" ", "")
        in_german(german.client.post(f"{MOUNT}/activate", data={"csrf_token": token}))
        in_german(
            german.client.post(
                f"{MOUNT}/activate", data={"csrf_token": token, "code": "1", "saved": "yes"}
            )
        )
        german.client.post(
            f"{MOUNT}/activate", data={"csrf_token": token, "code": german.code(), "saved": "yes"}
        )
        clock.advance(30)
        page = in_german(get(f"{MOUNT}/activate/done"))
        assert "Zwei-Faktor-Authentifizierung ist eingeschaltet" in page
        page = in_german(get(f"{MOUNT}/"))
        assert re.search(
            r"Ein</strong> – seit <time [^>]+>heute, \d+:\d\d Uhr \(UTC\)</time>", page
        )
        in_german(get(f"{MOUNT}/deactivate"))
        in_german(german.post("/deactivate", {"code": german.wrong()}))
        in_german(get(f"{MOUNT}/recovery"))
        in_german(german.post("/recovery", {"code": german.code()}, follow_redirects=True))
        clock.advance(30)
        assert german.is_on()

    def test_every_challenge_is_german(self, german, clock):
        german.enrol()
        asked = german.client.post("/note", data={"text": "hi"})
        assert "Ihre Eingaben bleiben erhalten" in in_german(asked)
        in_german(german.client.get("/vault"))
        in_german(german.post("/", {"areas": ["note"]}))
        in_german(german.client.post("/note", data={"text": "x", "twofactor_code": "12"}))
        for _ in range(5):
            wrong = german.client.post(
                "/note", data={"text": "x", "twofactor_code": german.wrong()}
            )
            in_german(wrong)
        held = german.client.post("/note", data={"text": "x", "twofactor_code": "123456"})
        assert held.status_code == 429
        assert "in 30 Sekunden" in in_german(held)
        in_german(german.client.post("/note", data={"twofactor_pending": "x"}))

    def test_signing_in_and_trusted_browsers_are_german(self, german, clock):
        german.enrol()
        german.client.post("/logout")
        german.client.environ_base["HTTP_USER_AGENT"] = "Firefox Linux"
        german.sign_in()
        page = in_german(german.client.get(f"{MOUNT}/sign-in"))
        assert "In diesem Browser 30 Tage lang nicht fragen" in page
        in_german(german.client.get(f"{MOUNT}/sign-in?use=recovery"))
        in_german(german.post("/sign-in", {"code": german.wrong()}))
        german.post("/sign-in", {"code": german.code(), "trust": "yes"})
        assert "Firefox auf Linux" in in_german(german.client.get(f"{MOUNT}/"))

    def test_the_way_to_a_mandatory_area_is_german(self, german):
        page = re.sub(r"</?span[^>]*>", "", in_german(german.client.post("/staff")))
        assert "zuerst die Zwei-Faktor-Authentifizierung einrichten" in page

    def test_the_dialog_in_a_page_of_the_host_is_german(self, german):
        german.enrol()
        page = german.client.get("/note").text
        dialog = parse(page).all("dialog")[0]
        assert dialog.get("lang") == "de"
        assert dialog.get("data-twofactor-malformed").startswith("Geben Sie den 6-stelligen Code")
        assert left_in_english(page, GERMAN) == set()

    def test_the_page_names_its_language(self, german):
        page = parse(german.client.get(f"{MOUNT}/").text)
        assert page.all("html")[0].get("lang") == "de"
        assert (
            next(node for node in page if "twofactor-page" in node.get("class")).get("lang") == "de"
        )

    def test_a_language_without_a_catalogue_is_english(self, german):
        speak(german.app, "fr")
        page = german.client.get(f"{MOUNT}/", headers={"Accept-Language": "fr"})
        assert page.headers["Content-Language"] == "en"
        assert "Two-factor authentication" in page.text
        assert parse(page.text).all("html")[0].get("lang") == "en"


def test_json_is_german_too(german):
    german.enrol()
    headers = {"Accept": "application/json"}
    refused = german.client.post("/note", data={"text": "hi"}, headers=headers)
    assert refused.json["error"] == "twofactor_required"
    assert refused.json["message"].startswith("Geben Sie den Code ein")
    state = german.client.get(f"{MOUNT}/", headers=headers).json
    assert state["events"][0]["message"] == (
        "Sie haben die Zwei-Faktor-Authentifizierung eingeschaltet"
    )


def test_the_file_with_the_recovery_code_is_plain_text_in_the_language(german):
    german.app.config["TWOFACTOR_ISSUER"] = "unused"
    page = parse(_scan(german))
    link = next(node for node in page.all("a") if node.get("href").startswith("data:"))
    text = unquote(link.get("href"))
    assert "Wiederherstellungscode" in text
    assert "Konto: alice" in text
    assert page.by_id("twofactor-recovery-code").text in text
    assert "&" not in text


def _scan(person):
    data = {"password": PASSWORD, "areas": ALL, "csrf_token": person.token(f"{MOUNT}/activate")}
    person.client.post(f"{MOUNT}/activate", data=data)
    return person.client.get(f"{MOUNT}/activate").text


def over():
    """Enter the wrong code that ends a pending sign-in."""
    error = errors.CodeWrong(5)
    error.over = True
    return error


class TestSentences:
    """Sentences that pages seldom show, taken from their functions."""

    @pytest.fixture
    def german_request(self, host):
        speak(host, "de")
        with host.test_request_context(headers={"Accept-Language": "de"}):
            yield host

    @pytest.mark.parametrize(
        ("seconds", "when", "long"),
        [
            (0.2, "in 1 Sekunde", "1 Sekunde"),
            (59, "in 59 Sekunden", "59 Sekunden"),
            (240, "in 4 Minuten", "4 Minuten"),
            (3600, "in 1 Stunde", "1 Stunde"),
            (86_400, "in 1 Tag", "1 Tag"),
            (30 * 86_400, "in 30 Tagen", "30 Tage"),
        ],
    )
    def test_times_to_wait_are_declined(self, german_request, seconds, when, long):
        assert sentences.wait(seconds) == when
        assert sentences.duration(seconds) == long

    @pytest.mark.parametrize(
        "error",
        [
            *(kind("x") for kind in plain.SENTENCES),
            errors.CodeWrong(4, 1000.0),
            over(),
            errors.CodeReused(20),
            errors.Held(1000.0),
            errors.Held(float("inf")),
            errors.RecoveryHeld(1000.0),
            errors.ClockOff(200),
            errors.ClockOff(-61),
            errors.KeyMissing("k"),
        ],
        ids=repr,
    )
    def test_every_refusal_is_german(self, german_request, error):
        text = sentences.sentence(error, 900.0)
        assert left_in_english(f"<p>{text}</p>", GERMAN) == set()

    def test_the_clock_of_a_phone(self, german_request):
        assert "geht 3½ Minuten vor" in sentences.sentence(errors.ClockOff(210), 0)
        assert "geht 1 Minute nach" in sentences.sentence(errors.ClockOff(-60), 0)

    @pytest.mark.parametrize("kind", activity._EVENTS)
    def test_every_event_is_german(self, german_request, kind):
        areas = german_request.extensions["twofactor"].kit.areas
        event = Event("u", 0, kind, "recovery_code", None, "+note -vault")
        text = activity.sentence(event, areas)
        assert left_in_english(f"<p>{text}</p>", GERMAN) == set()
        assert "recovery_code" not in text
        if kind == "areas_changed":
            assert text.endswith("eingeschaltet (Notes) und ausgeschaltet (Vault)")

    @pytest.mark.parametrize("name", ["A browser", "Edge on Windows", "A browser on Mac"])
    def test_browsers(self, german_request, name):
        assert " on " not in sentences.browser(name)
        assert not sentences.browser(name).startswith("A ")


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "24 November, 14:05 UTC"),
        ("en_GB", "24 November, 14:05 UTC"),
        ("en_US", "November 24, 2:05\N{NARROW NO-BREAK SPACE}PM UTC"),
        ("de", "24. November, 14:05 Uhr (UTC)"),
        ("de_AT", "24. November, 14:05 Uhr (UTC)"),
        # There is no French catalogue, so sentences and dates are not French.
        ("fr", "24 November, 14:05 UTC"),
    ],
)
def test_dates_follow_the_language(host, clock, locale, text):
    Babel(host, default_locale=locale)
    clock.now = NOON + 3 * 86_400
    with host.test_request_context():
        assert times.moment(NOON) == text


@pytest.mark.parametrize(
    ("zone", "now", "said"),
    [
        # In London, summer time ends on 25 October 2026 at 1:00 UTC.
        ("Europe/London", "2026-10-25T00:30", "today, 1:30"),
        ("Europe/London", "2026-10-25T10:00", "today, 1:30"),
        ("Asia/Kolkata", "2026-10-25T10:00", "today, 6:00"),
        ("Asia/Kolkata", "2026-10-25T19:00", "yesterday, 6:00"),
        ("America/New_York", "2026-10-25T10:00", "yesterday, 20:30"),
        ("America/New_York", "2026-10-28T10:00", "24 October, 20:30"),
        ("America/New_York", "2027-01-01T10:00", "24 October 2026, 20:30"),
        ("UTC", "2026-10-25T10:00", "today, 0:30 UTC"),
        (None, "2026-10-24T10:00", "tomorrow, 0:30 UTC"),
    ],
)
def test_times_are_in_the_zone_of_the_host(host, clock, zone, now, said):
    Babel(host, timezone_selector=lambda: zone)
    clock.now = datetime.fromisoformat(f"{now}+00:00").timestamp()
    at = datetime.fromisoformat("2026-10-25T00:30+00:00").timestamp()
    with host.test_request_context():
        assert times.moment(at) == said
        assert times.time_tag(at) == (f'<time datetime="2026-10-25T00:30:00+00:00">{said}</time>')


def test_a_hold_ends_in_the_zone_of_the_host(host, clock):
    Babel(host, timezone_selector=lambda: "Asia/Kolkata")
    at = datetime.fromisoformat("2026-10-25T12:00+00:00").timestamp()
    with host.test_request_context():
        assert sentences.when(at + 2 * 3600, at) == "today at 19:30"
        assert sentences.when(at + 8 * 3600, at) == "tomorrow at 1:30"
        assert sentences.when(at + 50 * 3600, at) == "on 27 October at 19:30"


def test_a_failing_choice_of_time_zone_is_utc(host, caplog):
    def fail():
        raise RuntimeError("the database is away")

    Babel(host, timezone_selector=fail)
    with host.test_request_context():
        assert times.time_of_day(NOON) == "14:05 UTC"
    assert "no time zone could be chosen" in caplog.text


def test_outside_of_any_application_it_is_english():
    assert sentences.wait(61) == "in 2 minutes"
    assert times.dated(NOON) == "24 November 2026, 14:05 UTC"


def test_a_failing_choice_of_language_is_english(host, clock, caplog):
    def fail():
        raise RuntimeError("the database is away")

    Babel(host, locale_selector=fail)
    person = Person(host, clock)
    person.sign_in()
    assert "Two-factor authentication" in person.client.get(f"{MOUNT}/").text
    assert "no language could be chosen" in caplog.text


@pytest.fixture(scope="module")
def speaker(tmp_path_factory):
    """A host with languages, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("speaker")
    app = make_host(f"sqlite:///{folder / 'host.sqlite'}", folder, lambda: NOON)
    speak(app, "en", "de")
    yield app
    with app.app_context():
        app.db.engine.dispose()


@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(
    st.one_of(
        st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60),
        st.lists(
            st.tuples(
                st.sampled_from(
                    ["de", "de-AT", "en", "fr", "*", "DE-de", "zh-Hans-CN", "x-y", "de_DE"]
                ),
                st.sampled_from(["", ";q=0.5", ";q=0", ";q=1.001", ";q=x", ";q=-1"]),
            ).map("".join),
            max_size=5,
        ).map(",".join),
    )
)
def test_no_wish_of_a_browser_is_an_error(speaker, wish):
    page = speaker.test_client().get(f"{MOUNT}/sign-in", headers={"Accept-Language": wish})
    assert page.status_code == 303
    with speaker.test_request_context(headers={"Accept-Language": wish}):
        assert speech.language().tag in ("en", "de")
        assert render_template_string("{{ twofactor_text('Cancel') }}") in ("Cancel", "Abbrechen")


class TestHtml:
    @pytest.fixture
    def show(self, host):
        speak(host, "de")

        def show(template, **values):
            with host.test_request_context(headers={"Accept-Language": "de"}):
                return render_template_string(template, **values)

        return show

    def test_values_in_a_sentence_are_escaped(self, show):
        template = "{{ twofactor_text('<strong>On</strong> since %(date)s.', date=label) }}"
        shown = show(template, label='<b>&"')
        assert shown == "<strong>Ein</strong> – seit &lt;b&gt;&amp;&#34;."

    def test_values_in_an_attribute_are_escaped(self, show):
        template = '<i title="{{ twofactor_text("Stop trusting %(browser)s", browser=name) }}">'
        assert show(template, name='"><script>') == (
            '<i title="Nicht mehr vertrauen: &#34;&gt;&lt;script&gt;">'
        )

    def test_plural_forms(self, show):
        template = "{{ twofactor_texts('%(count)d day', '%(count)d days', n) }}"
        assert [show(template, n=n) for n in (1, 2)] == ["1 Tag", "2 Tage"]

    def test_the_hosts_sentences_come_from_its_own_catalogue(self, show, host):
        """The host's own `_` reads its own catalogue, which has no such sentence."""
        assert show("{{ _('Cancel') }} {{ gettext('Cancel') }}") == "Cancel Cancel"


class TestLazyLabels:
    @pytest.fixture
    def spoken(self, database, tmp_path, clock, monkeypatch):
        """A host whose labels are in the language of the request."""
        from flask_babel import get_locale

        def label(english, german):
            return german if str(get_locale()) == "de" else english

        real = TwoFactor.area

        def area(self, key, text, description="", **options):
            from flask_babel.speaklater import LazyString

            lazy = LazyString(label, text, f"<{key}>")
            return real(self, key, lazy, LazyString(label, description, "Beschreibung"), **options)

        monkeypatch.setattr(TwoFactor, "area", area)
        app = make_host(database, tmp_path, clock)
        speak(app, "en", "de")
        yield app
        with app.app_context():
            app.db.session.remove()
            app.db.engine.dispose()

    def test_labels_are_translated_in_each_request(self, spoken, clock):
        person = Person(spoken, clock)
        person.sign_in()
        assert "Vault" in person.client.get(f"{MOUNT}/").text
        headers = {"Accept-Language": "de"}
        page = person.client.get(f"{MOUNT}/", headers=headers).text
        assert "&lt;vault&gt;</label>" in page
        assert "Beschreibung" in page
        state = person.client.get(
            f"{MOUNT}/", headers=headers | {"Accept": "application/json"}
        ).json
        assert [area["label"] for area in state["areas"]][:2] == ["<sign_in>", "<note>"]
        person.enrol()
        asked = person.client.post("/note", data={"text": "x"}, headers=headers).text
        assert "&lt;note&gt;</h1>" in asked

    def test_operators_read_labels_in_english(self, spoken):
        shown = spoken.test_cli_runner().invoke(args=["twofactor", "areas", "--json"])
        assert '"label": "Vault"' in shown.stdout
        assert "Vault" in spoken.test_cli_runner().invoke(args=["twofactor", "areas"]).stdout

    def test_lazy_strings_can_name_areas_before_there_is_an_application(self):
        twofactor = TwoFactor()
        twofactor.area("note", lazy_gettext("Notes"), lazy_gettext("Writing"))
        twofactor.area("other", lazy_gettext("Other"))
        assert [area.key for area in twofactor.areas] == ["note", "other"]


def test_another_package_may_call_itself_babel(host, clock, caplog):
    """Flask-BabelPlus uses the same extension name, but gives no language that we can use."""
    host.extensions["babel"] = object()
    person = Person(host, clock)
    person.sign_in()
    assert person.client.get(f"{MOUNT}/").headers["Content-Language"] == "en"
    assert host.test_cli_runner().invoke(args=["twofactor", "areas"]).exit_code == 0
    assert "no language could be chosen" not in caplog.text


class TestOwnSentences:
    """TWOFACTOR_TRANSLATIONS, the host's own sentences."""

    HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'

    @pytest.fixture
    def folder(self, tmp_path):
        folder = tmp_path / "sentences"
        folder.mkdir()
        return folder

    @pytest.fixture
    def made(self, database, tmp_path, clock, folder):
        made = []

        def make(**files):
            for name, text in files.items():
                (folder / f"{name}.po").write_text(self.HEAD + text, encoding="utf-8")
            app = make_host(database, tmp_path, clock, TWOFACTOR_TRANSLATIONS=str(folder))
            made.append(app)
            return app

        yield make
        for app in made:
            with app.app_context():
                app.db.engine.dispose()

    def say(self, app, message, locale=None, **values):
        if locale:
            Babel(app, default_locale=locale)
        with app.test_request_context():
            return speech._(message, **values)

    def test_english_is_changed_without_flask_babel(self, made):
        app = made(en='msgid "Cancel"\nmsgstr "Never mind"\n')
        assert self.say(app, "Cancel") == "Never mind"
        assert self.say(app, "Confirm") == "Confirm"

    def test_the_host_replaces_a_single_sentence(self, made):
        app = made(de='msgid "Cancel"\nmsgstr "Lieber nicht"\n')
        assert self.say(app, "Cancel", "de") == "Lieber nicht"
        assert self.say(app, "Confirm", "de") == "Bestätigen"

    def test_a_third_language_is_one_file(self, made):
        plural = 'msgid "%(count)d day"\nmsgid_plural "%(count)d days"\n'
        forms = 'msgstr[0] "%(count)d jour"\nmsgstr[1] "%(count)d jours"\n'
        app = made(fr='msgid "Cancel"\nmsgstr "Annuler"\n\n' + plural + forms)
        Babel(app, default_locale="fr")
        with app.test_request_context():
            assert speech.language().tag == "fr"
            assert speech._("Cancel") == "Annuler"
            assert sentences.duration(0.1 + 2 * 86_400 - 0.2) == "2 jours"
            assert times.dated(NOON) == "24 novembre 2026, 14:05 UTC"
            assert speech._("Confirm") == "Confirm"

    def test_the_more_special_locale_goes_first(self, made):
        app = made(de_AT='msgid "Cancel"\nmsgstr "Na"\n')
        assert self.say(app, "Cancel", "de_AT") == "Na"
        assert self.say(app, "Confirm", "de_AT") == "Bestätigen"

    def test_a_right_to_left_language_sets_the_direction(self, made):
        app = made(ar='msgid "Cancel"\nmsgstr "إلغاء"\n')
        Babel(app, default_locale="ar")
        with app.test_request_context():
            assert speech.language_attributes() == {"lang": "ar", "dir": "rtl"}

    @pytest.mark.parametrize("wrong", ["%(nobody)s", "%(wait)d %(wait)s %", "%(wait"])
    def test_a_sentence_with_other_placeholders_is_left_out(self, made, wrong, caplog):
        message = "Too many wrong passwords. Try again %(wait)s."
        app = made(de=f'msgid "{message}"\nmsgstr "Warten: {wrong}"\n')
        text = self.say(app, message, "de", wait="morgen")
        assert text.endswith("Versuchen Sie es morgen noch einmal.")
        assert "the placeholders of" in caplog.text

    def test_a_file_that_can_t_be_read_stops_the_start(self, made):
        with pytest.raises(SetupError, match=r"TWOFACTOR_TRANSLATIONS: .*de\.po"):
            made(de="This is no such file.\n")

    def test_a_folder_without_a_file_stops_the_start(self, made):
        with pytest.raises(SetupError, match=r"no file such as .*de\.po"):
            made()


ALONE = """
import sys
sys.modules["babel"] = sys.modules["flask_babel"] = None
import portal.twofactor
from pathlib import Path
from tests.twofactor.host import make_host
from tests.twofactor.person import Person
folder = Path(sys.argv[1])
app = make_host(f"sqlite:///{folder / 'host.sqlite'}", folder, lambda: 1_795_529_100)
person = Person(app, lambda: 1_795_529_100)
person.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
person.sign_in()
page = person.client.get("/two-factor/")
assert page.headers["Content-Language"] == "en"
assert "Activate two-factor authentication" in page.text, page.text
app.test_cli_runner().invoke(args=["twofactor", "areas"])
with app.app_context():
    app.db.engine.dispose()
"""


def test_without_flask_babel_the_blueprint_speaks_english(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_importing_the_blueprint_reads_no_sentences():
    """Flask-WTF imports Flask-Babel if installed; the files are read later."""
    code = "import sys, portal.twofactor; print('babel.messages' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
