"""The language of a request: what the customer has chosen, or the browser wishes, or English.

Every sentence for people goes through `_` or `plural`, in Python as in templates. Flask-Babel keeps
the language, for the blueprint as well. The languages are the `.po` files in `translations/`: a
further one is one file here, and one of the blueprint's.
"""

import io
from contextlib import AbstractContextManager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, force_locale, get_locale, refresh
from flask_login import current_user
from markupsafe import Markup, escape

from portal.rules.refusal import Refusal

COOKIE = "portal_language"
COOKIE_SECONDS = 400 * 24 * 60 * 60
FOLDER = Path(__file__).parents[1] / "translations"
SOURCE = "en"  # of the sentences in the code
BRITISH = "en_GB"  # our English: it decides how days and sums are written


class Sentences(Domain):
    """The portal's sentences; a `.po` file is read when its language is first spoken."""

    def get_translations(self) -> NullTranslations:
        """Return the sentences in the language of the moment."""
        return _read(locale())


sentences = Sentences()


def lazy(message: str) -> Any:
    """Return a sentence that is translated when it is read: a label, the name of an area."""
    return sentences.lazy_gettext(message)


def _(message: str, **values: Any) -> str:
    """A sentence in the language of the moment.

    Args:
        message: the English sentence, with named placeholders (`%(name)s`).
        values: what stands in their places.
    """
    return sentences.gettext(message, **values)


def plural(one: str, many: str, count: int, **values: Any) -> str:
    """A sentence with a number in it, `%(count)d`, in the form that the language has for it."""
    return sentences.ngettext(one, many, count, count=count, **values)


def worded(refusal: Refusal) -> str:
    """The sentence of a refusal, and its advice."""
    return " ".join((_(refusal.sentence, **refusal.values), *map(_, refusal.advice)))


@cache
def offered() -> dict[str, str]:
    """Return the languages to choose from, by locale, each by its own name."""
    stems = sorted({SOURCE, *(path.stem for path in FOLDER.glob("*.po"))})
    names = {name: Locale.parse(name).get_display_name(name) or name for name in stems}
    return {name: text[0].upper() + text[1:] for name, text in names.items()}


def locale() -> str:
    """Return the language of the moment, as the switch names it, e.g. `de`."""
    name = str(get_locale() or SOURCE)
    return SOURCE if name == BRITISH else name


def tag() -> str:
    """Return the language of the moment, as HTML names it; our English is British."""
    return _written(locale()).replace("_", "-")


def wished() -> str:
    """What the browser wishes: what was chosen in it, or what it asks for."""
    if not has_request_context():
        return SOURCE
    tags = {name.replace("_", "-"): name for name in (SOURCE, *offered())}
    best = request.accept_languages.best_match(list(tags), SOURCE)
    return _known(request.cookies.get(COOKIE)) or tags[best]


def of_owner(customer_id: int, stored: str | None, own: bool = False) -> str:
    """The language of a customer's mail.

    Args:
        customer_id: whose mail it is.
        stored: the customer's choice.
        own: whether the present request is surely the customer's own, signed in or not.
    """
    own = own or (has_request_context() and g.get("viewer", (None, None))[0] == customer_id)
    return _known(stored) or (wished() if own else SOURCE)


def speaking(name: str) -> AbstractContextManager[None]:
    """Speak another language for a while, in this request or command."""
    return force_locale(_written(name))


def speak_with(customer_id: int, stored: str | None) -> None:
    """It is known now who looks at the page: no further look into the database is needed."""
    g.viewer = (customer_id, stored)
    refresh()


def ask_nothing() -> None:
    """The page is about a failure: who looks at it is not looked up for its sake."""
    g.asks_nothing = True


def remember(response: Response, name: str) -> None:
    """Keep a choice in the browser, for the pages before the sign-in. It decides nothing else."""
    response.set_cookie(
        COOKIE,
        name,
        max_age=COOKIE_SECONDS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def init_app(app: Flask) -> None:
    """Offer the languages to templates, to the blueprint and in headers."""
    app.jinja_env.globals.update(
        _=_html, plural=_html_plural, language_tag=tag, languages=offered, locale=locale
    )
    app.after_request(_tell)
    Babel(app, locale_selector=_chosen, configure_jinja=False)


def _chosen() -> str:
    """Return the locale of a request; Flask-Babel asks once, and again after `refresh`."""
    if not has_request_context():
        return BRITISH
    g.spoken = True
    if "viewer" not in g and not g.get("asks_nothing"):
        current_user.is_authenticated  # noqa: B018 - the look itself loads the customer, and with it `g.viewer`
    return _written(_known(g.get("viewer", (None, None))[1]) or wished())


def _tell(response: Response) -> Response:
    """Say what an answer with sentences in it speaks, and keep the customer's choice here, too."""
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
    """Return the locale that decides how a language is written."""
    return BRITISH if name == SOURCE else name


@cache
def _read(name: str) -> NullTranslations:
    path = FOLDER / f"{name}.po"
    if not path.is_file():
        return NullTranslations()  # English, as the code has it
    from babel.messages.mofile import write_mo  # only where another language is spoken
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
    """Return a sentence as HTML; with tags in the English one, its translation is HTML as well."""
    safe = _safe(message, text)
    return safe % values if values else safe


@lru_cache(maxsize=4096)  # more than there are sentences in a few languages
def _safe(message: str, text: str) -> Markup:
    if "<" not in message:
        # Apostrophes stay: attributes are written between double quotes.
        text = str(escape(text)).replace("&#39;", "'")
    return Markup(text)  # noqa: S704 - escaped, or HTML of our own
