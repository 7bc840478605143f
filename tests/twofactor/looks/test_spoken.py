"""Pages whose sentences are compiled in: the same as if each sentence were looked up."""

import gc
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from gettext import NullTranslations
from pathlib import Path

import pytest
from flask import render_template, render_template_string, request
from flask_babel import Babel, force_locale
from jinja2 import ChoiceLoader, DictLoader, StrictUndefined, UndefinedError, pass_environment

from portal.twofactor.app.state import state_of
from portal.twofactor.i18n.catalogue import TRANSLATIONS, Catalogues, Language
from portal.twofactor.i18n.language import markup
from portal.twofactor.web.looks import rendering, spoken
from tests.support.templates import CompiledTemplates
from tests.twofactor.host import PASSWORD, make_host
from tests.twofactor.person import MOUNT, Person

pytestmark = [pytest.mark.thorough, pytest.mark.looks]

FOLDER = Path(rendering.__file__).parents[2] / "templates"
NAMES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
HELP = f"{MOUNT}/help"
TITLES = {"en": "Help with two-factor", "de": "Hilfe zur Zwei-Faktor"}
# A token, a sealed form, the id of a challenge: others at each request.
_OF_REQUEST = re.compile(r'value="[^"]{30,}"')


def speak(app):
    Babel(app, locale_selector=lambda: request.accept_languages.best_match(["en", "de"]))
    return app


def title(client, tag, path=HELP):
    """Return the title of a page for a browser with a language."""
    page = client.get(path, headers={"Accept-Language": tag})
    assert page.headers["Content-Language"] == tag
    return re.search(r"<title>(.*?)</title>", page.text)[1]


def overriding(host, **templates):
    """Give the host templates of its own in the place of ours."""
    own = {f"twofactor/{name}.html": text for name, text in templates.items()}
    host.jinja_loader = ChoiceLoader([DictLoader(own)])
    return host


def environment(host, language):
    return spoken.environment(host.jinja_env, language, {})


@pytest.mark.parametrize("tag", ["en", "de"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_constant_is_left_to_be_looked_up(host, tag, name):
    made = environment(host, Catalogues(TRANSLATIONS).of(tag))
    source = made.loader.get_source(made, name)[0]
    assert not re.findall(r"\btwofactor_(?:text|language)\b.{0,60}", source)
    plain = host.jinja_env.loader.get_source(host.jinja_env, name)[0]
    assert source.count("\n") == plain.count("\n"), "an error would name another line"
    made.get_template(name)


@pytest.mark.parametrize("tag", ["en", "de"])
def test_a_page_is_the_same_when_each_sentence_is_looked_up(host, clock, tag, monkeypatch):
    person = Person(speak(host), clock)
    person.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = tag
    person.sign_in()

    def compare(path, method="GET", **data):
        def shown():
            page = person.client.open(path, method=method, data=data or None).text
            return _OF_REQUEST.sub("", page)

        with monkeypatch.context() as patch:
            # The host's `render` is another function then, and gets the names of templates.
            patch.setattr(rendering, "render_template", None)
            looked_up = shown()
        assert "twofactor" in looked_up
        assert shown() == looked_up, path

    for path in ("/", "/activate", "/help"):
        compare(f"{MOUNT}{path}")
    person.post("/activate", {"password": PASSWORD, "areas": ["note"]})
    compare(f"{MOUNT}/activate")
    person.post("/activate", {"cancel": "yes"})
    person.enrol()
    clock.advance(30)
    for path in ("/", "/deactivate", "/recovery", "/activity", "/authenticators/new", "/help"):
        compare(f"{MOUNT}{path}")
    compare("/vault")
    compare("/note", "POST", text="1")
    compare("/note", "POST", text="1", twofactor_code="1")
    person.client.post("/logout")
    person.sign_in()
    for query in ("", "?use=recovery"):
        compare(f"{MOUNT}/sign-in{query}")
    assert list(state_of(host).environments) == [tag]


def test_two_languages_in_turn(host):
    client = speak(host).test_client()
    for tag in ("en", "de", "en", "de"):
        assert TITLES[tag] in title(client, tag)
    assert sorted(state_of(host).environments) == ["de", "en"]


def test_a_language_that_nobody_asked_for_is_not_compiled(host):
    assert state_of(speak(host)).environments == {}
    title(host.test_client(), "de")
    assert list(state_of(host).environments) == ["de"]


def test_two_languages_in_threads(host):
    speak(host)

    def ask(number):
        tag = "de" if number % 2 else "en"
        return TITLES[tag] in title(host.test_client(), tag)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(40)))


class Garbage:
    """Python runs when it is collected, so another thread may go on in the middle of a call."""

    def __init__(self):
        self.itself = self

    def __del__(self):
        for _ in range(50):
            pass


def test_templates_are_made_in_threads_that_interrupt_each_other(host):
    """`ast` of Python 3.11 fails then: "AST constructor recursion depth mismatch"."""
    german = environment(host, Catalogues(TRANSLATIONS).of("de"))
    template = '<p>{{ twofactor_text("Cancel") }}</p>' * 30
    expected = spoken.source(german, template)

    def make(_number):
        for _ in range(20):
            [Garbage() for _ in range(3)]
            assert spoken.source(german, template) == expected

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(20)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(make, range(40)))
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*threshold)


def test_the_language_changes_within_a_request(host):
    speak(host)
    with host.test_request_context(headers={"Accept-Language": "en"}):
        pages = [rendering.render("help.html")]
        with force_locale("de"):
            pages.append(rendering.render("help.html"))
        pages.append(rendering.render("help.html"))
    assert ['lang="de"' in page and TITLES["de"] in page for page in pages] == [False, True, False]
    assert pages[0] == pages[2]


def test_a_template_of_the_host_in_the_place_of_ours(host):
    own = """{% extends "twofactor/page.html" %}{% block twofactor_content %}
    {{ twofactor_text("Cancel") }}, {{ twofactor_text("Change %(name)s", name="<i>") }},
    {{ macros.whole(twofactor_text("Recovery code")) }},
    {{ twofactor_texts("%(count)d day", "%(count)d days", 2) }}{% endblock %}"""
    client = speak(overriding(host, help=own)).test_client()
    for tag, words in {
        "en": ["Cancel", "Change &lt;i&gt;", "Recovery code", "2 days"],
        "de": ["Abbrechen", "&lt;i&gt; ändern", "Wiederherstellungscode", "2 Tage"],
    }.items():
        page = client.get(HELP, headers={"Accept-Language": tag}).text
        assert f'lang="{tag}"' in page
        assert ", ".join(words) in re.sub(r"\s+", " ", page)


def test_macros_of_the_host_in_the_place_of_ours(host):
    ours = (FOLDER / "twofactor" / "_macros.html").read_text()
    own = ours.replace("{% macro assets() -%}", "{% macro assets() -%}<!-- own -->")
    client = speak(overriding(host, _macros=own)).test_client()
    for tag in ("en", "de", "en"):
        assert TITLES[tag] in title(client, tag)
    assert "<!-- own -->" in client.get(HELP).text


def test_what_the_host_adds_to_jinja_later_is_there(host):
    own = '{% extends "twofactor/page.html" %}{% block title %}{{ added }}{% endblock %}'
    client = speak(overriding(host, help=own)).test_client()
    assert [title(client, tag) for tag in ("en", "de")] == ["", ""]
    host.jinja_env.globals["added"] = "later"
    assert [title(client, tag) for tag in ("en", "de")] == ["later", "later"]


def test_hosts_with_sentences_of_their_own(clock, tmp_path):
    """A cache of compiled templates that they share tells them apart."""
    clients, shared = {}, CompiledTemplates()
    for said in ("Second step", "Another step", ""):
        folder = tmp_path / (said or "ours")
        folder.mkdir()
        head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        entry = f'msgid "Help with two-factor authentication"\nmsgstr "{said}"\n'
        (folder / "en.po").write_text(head + entry)
        app = make_host("sqlite://", folder, clock, TWOFACTOR_TRANSLATIONS=str(folder))
        app.jinja_env.bytecode_cache = shared
        clients[said or TITLES["en"]] = app.test_client()
    for _turn in range(2):
        for said, client in clients.items():
            assert said in title(client, "en")


@pytest.mark.parametrize(
    "said",
    [
        *('it\'s "so"', "a\\b \\n \\", "{{ 1 }} {% x %} {# y #}", "<b>&amp;", "50 %"),
        *("Zwei\nZeilen \N{LOCK}", "-}}", "{%- raw %}", ""),
    ],
)
@pytest.mark.parametrize("quote", ["'", '"'])
def test_any_translation_is_text(host, said, quote):
    """It is neither code nor markup, and its quotes end nothing."""

    class Texts(NullTranslations):
        def gettext(self, _message):
            return said

    made = environment(host, Language("de", Texts()))
    source = spoken.source(made, f"{{{{ twofactor_text({quote}Cancel{quote}) }}}}")
    assert made.from_string(source).render() == markup("Cancel", said, {})


def test_a_value_may_have_any_name(host):
    made = environment(host, Catalogues(TRANSLATIONS).of("de"))
    source = '{{ twofactor_text("For staff: %(text)s", text="<b>") }}'
    assert made.from_string(spoken.source(made, source)).render().endswith(": &lt;b&gt;")


@pytest.mark.parametrize("own", [str, None])
def test_a_host_may_have_a_filter_safe_of_its_own_or_none(host, own):
    if own is None:
        del host.jinja_env.filters["safe"]
    else:
        host.jinja_env.filters["safe"] = own
    client = speak(host).test_client()
    for tag in ("en", "de"):
        assert TITLES[tag] in title(client, tag)
        assert "&lt;" not in client.get(HELP, headers={"Accept-Language": tag}).text


LAYOUT = "<title>{%% block title %%}{%% endblock %%}</title>%s{%% block content %%}{%% endblock %%}"


@pytest.fixture
def theme(tmp_path, clock):
    """The templates of a host with a layout of its own, which it does not look at anew."""
    app = make_host("sqlite://", tmp_path, clock, options={"base_template": "base.html"})
    own = {"base.html": LAYOUT % "[first]"}
    app.jinja_loader = DictLoader(own)
    assert "[first]" in app.test_client().get(HELP).text
    own["base.html"] = LAYOUT % "[second]"
    return app


def test_a_layout_stays_until_the_host_says_that_it_is_another(theme):
    assert "[first]" in theme.test_client().get(HELP).text


def _clear(app):
    app.jinja_env.cache.clear()


def _replace(app):
    app.jinja_env.cache = {}


def _keep_nothing(app):
    app.jinja_env.cache = None


def _look_anew(app):
    app.debug = True


def _find_elsewhere(app):
    app.jinja_env.loader = ChoiceLoader([app.jinja_env.loader])


@pytest.mark.parametrize("say", [_clear, _replace, _keep_nothing, _look_anew, _find_elsewhere])
def test_another_layout_is_shown_when_the_host_says_so(theme, say):
    say(theme)
    assert "[second]" in theme.test_client().get(HELP).text


def test_an_environment_is_made_once(host):
    client = speak(host).test_client()
    title(client, "de")
    made = state_of(host).environments["de"]
    title(client, "en")
    title(client, "de")
    assert state_of(host).environments["de"] is made


def test_globals_of_one_template_stay_with_it(tmp_path, clock):
    """As a host's function of Jinja's gives them to a part of its layout."""

    @pass_environment
    def widget(environment, **own):
        return environment.get_template("part.html", globals=own).render()

    app = make_host("sqlite://", tmp_path, clock, options={"base_template": "base.html"})
    layout = LAYOUT % '{{ widget() }} {{ widget(colour="red") }} <{{ colour }}>'
    app.jinja_loader = DictLoader({"base.html": layout, "part.html": "[{{ colour }}]"})
    app.jinja_env.globals["widget"] = widget
    for _turn in range(2):
        assert "[] [red] <>" in app.test_client().get(HELP).text
    assert "colour" not in app.jinja_env.globals


def test_pages_of_a_host_that_allows_no_undefined_value(host, clock):
    """Its own templates stay strict; the layout around our pages is not."""
    host.jinja_env.undefined = StrictUndefined
    person = Person(host, clock)
    person.sign_in()
    for path in ("/", "/activate", "/help"):
        assert person.client.get(f"{MOUNT}{path}").status_code == 200
    person.enrol()
    clock.advance(30)
    for path in ("/", "/deactivate", "/recovery", "/activity", "/authenticators/new"):
        assert person.client.get(f"{MOUNT}{path}").status_code == 200
    assert person.client.get("/vault").status_code == 403
    assert person.client.post("/note", data={"text": "1"}).status_code == 403
    person.client.post("/logout")
    person.sign_in()
    assert person.client.get(f"{MOUNT}/sign-in").status_code == 200
    with host.test_request_context(), pytest.raises(UndefinedError):
        render_template_string("{{ missing }}")


@pytest.mark.parametrize("by_host", ["", "before", "after"])
def test_pages_of_a_host_that_escapes_nothing(host, clock, by_host, monkeypatch):
    """Its own templates stay as they are; ours escape what people typed, such as a kept form.

    So they do whether the host says it before `init_app` or after it, and renders by itself or not.
    """
    host.jinja_env.autoescape = False
    if by_host == "before":
        rendering.add_to(host.jinja_env)
    if by_host:
        # Another function of the host's gets the names of templates.
        monkeypatch.setattr(rendering, "render_template", None)
    person = Person(host, clock)
    person.sign_in()
    person.enrol()
    typed = {"name": "<b>phone", "password": "1", "code": "<i>"}
    page = person.post("/authenticators/new", typed).text
    assert "&lt;b&gt;phone" in page
    assert "<b>" not in page
    asked = person.client.post("/note", data={"text": '"><script>1</script>'})
    assert asked.status_code == 403
    assert "<script>1" not in asked.text
    host.jinja_loader = DictLoader({"twofactor/mail.txt": "Dear {{ name }}"})
    with host.test_request_context():
        assert render_template_string("{{ '<b>' }}") == "<b>"
        assert render_template("twofactor/mail.txt", name="O'Hara") == "Dear O'Hara"
