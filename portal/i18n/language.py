"""The language of a request: the customer's choice, else the browser's language, else English.

Every sentence for people goes through `_` or `plural`, in Python and in templates. Flask-Babel
stores the current language, for the blueprint too. The languages are the `.po` files in
`translations/`. To add a language, add one file here and one in the blueprint.
"""

import io
from contextlib import AbstractContextManager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, Response, g, has_request_context, request
from flask_babel import Babel, Domain, force_locale, get_locale, refresh
from flask_login import current_user
from markupsafe import Markup, escape

from portal.i18n import cookies, zones
from portal.rules.refusal import Refusal

COOKIE = "portal_language"
FOLDER = Path(__file__).parents[1] / "translations"
SOURCE = "en"  # of the sentences in the code
BRITISH = "en_GB"  # the locale of our English, for days and sums


class Sentences(Domain):
    """The portal's sentences; a `.po` file is read when its language is first needed."""

    def get_translations(self) -> NullTranslations:
        """Return the sentences in the current language."""
        return _read(locale())


sentences = Sentences()


def lazy(message: str) -> Any:
    """Return a sentence that is translated when it is shown, such as a label or an area's name."""
    return sentences.lazy_gettext(message)


def _(message: str, **values: Any) -> str:
    """Return a sentence in the current language.

    Args:
        message: the English sentence, with named placeholders (`%(name)s`).
        values: the values of the placeholders.
    """
    return sentences.gettext(message, **values)


def plural(one: str, many: str, count: int, **values: Any) -> str:
    """Return a sentence with `%(count)d` in the current language's form for that number."""
    return sentences.ngettext(one, many, count, count=count, **values)


def worded(refusal: Refusal) -> str:
    """Return the translated sentence of a refusal, followed by its advice."""
    return " ".join((_(refusal.sentence, **refusal.values), *map(_, refusal.advice)))


@cache
def offered() -> dict[str, str]:
    """Return the languages to choose from, as {locale: name in that language}."""
    stems = sorted({SOURCE, *(path.stem for path in FOLDER.glob("*.po"))})
    names = {name: Locale.parse(name).get_display_name(name) or name for name in stems}
    return {name: text[0].upper() + text[1:] for name, text in names.items()}


def locale() -> str:
    """Return the current language as the language switch names it, e.g. `de`."""
    name = str(get_locale() or SOURCE)
    return SOURCE if name == BRITISH else name


def tag() -> str:
    """Return the current language as a tag for HTML, e.g. `de` or `en-GB`."""
    return _written(locale()).replace("_", "-")


def wished() -> str:
    """Return the language of the browser: from the cookie, else from Accept-Language."""
    if not has_request_context():
        return SOURCE
    tags = {name.replace("_", "-"): name for name in (SOURCE, *offered())}
    best = request.accept_languages.best_match(list(tags), SOURCE)
    return _known(request.cookies.get(COOKIE)) or tags[best]


def of_owner(customer_id: int, stored: str | None, own: bool = False) -> str:
    """Return the language of a mail to a customer.

    Args:
        customer_id: the recipient.
        stored: the language stored for the customer.
        own: whether this request certainly comes from the customer, signed in or not.
    """
    own = own or (has_request_context() and g.get("viewer", (None, None))[0] == customer_id)
    return _known(stored) or (wished() if own else SOURCE)


def speaking(name: str) -> AbstractContextManager[None]:
    """Return a context manager that sets the language in this request or command."""
    return force_locale(_written(name))


def speak_with(customer_id: int, stored: str | None) -> None:
    """Set the language from the customer's stored one, without another database query."""
    g.viewer = (customer_id, stored)
    refresh()


def ask_nothing() -> None:
    """Choose the language of an error page without loading the customer from the database."""
    g.asks_nothing = True


def remember(response: Response, name: str) -> None:
    """Set the cookie that keeps the chosen language, for pages before the sign-in."""
    cookies.keep(response, COOKIE, name)


def init_app(app: Flask) -> None:
    """Set up Flask-Babel, the functions for templates and the header Content-Language."""
    app.jinja_env.globals.update(
        _=_html, plural=_html_plural, language_tag=tag, languages=offered, locale=locale
    )
    app.after_request(_tell)
    Babel(
        app,
        locale_selector=_chosen,
        timezone_selector=zones.chosen,
        configure_jinja=False,
    )
    zones.init_app(app)


def _chosen() -> str:
    """Return the locale of a request; Flask-Babel calls this once, and again after `refresh`."""
    if not has_request_context():
        return BRITISH
    g.spoken = True
    if "viewer" not in g and not g.get("asks_nothing"):
        current_user._get_current_object()  # loads the customer, which sets `g.viewer`
    return _written(_known(g.get("viewer", (None, None))[1]) or wished())


def _tell(response: Response) -> Response:
    """Add Content-Language and Vary to a translated response; store the customer's choice."""
    if g.get("spoken"):
        response.headers.setdefault("Content-Language", locale().replace("_", "-"))
        response.vary.update(["Accept-Language", "Cookie"])
    stored = _known(g.get("viewer", (None, None))[1])
    if stored and stored != request.cookies.get(COOKIE):
        remember(response, stored)
    return response


def _known(name: str | None) -> str | None:
    return name if name in offered() else None


def _written(name: str) -> str:
    """Return the locale for a language: en_GB for English."""
    return BRITISH if name == SOURCE else name


@cache
def _read(name: str) -> NullTranslations:
    path = FOLDER / f"{name}.po"
    if not path.is_file():
        return NullTranslations()  # English, as the code has it
    from babel.messages.mofile import write_mo  # only for languages other than English
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=name, ignore_obsolete=True, abort_invalid=True))
    compiled.seek(0)
    return Translations(compiled)


def _html(message: str, **values: Any) -> Markup:
    return _markup(message, sentences.get_translations().ugettext(message), values)


def _html_plural(one: str, many: str, count: int, **values: Any) -> Markup:
    text = sentences.get_translations().ungettext(one, many, count)
    return _markup(one, text, {"count": count, **values})


def _markup(message: str, text: str, values: dict[str, Any]) -> Markup:
    """Return a sentence as HTML; it is escaped unless the English sentence has tags."""
    safe = _safe(message, text)
    return safe % values if values else safe


@lru_cache(maxsize=4096)  # more than the sentences of a few languages
def _safe(message: str, text: str) -> Markup:
    if "<" not in message:
        # Apostrophes need no escape, since our attributes use double quotes.
        text = str(escape(text)).replace("&#39;", "'")
    return Markup(text)  # noqa: S704 - a catalogue sentence: escaped above, or written with tags by us
