"""What the portal speaks: what the customer has chosen, or the browser wishes, or English.

Every sentence for people goes through `_` or `plural`, in Python as in templates. Flask-Babel tells
the blueprint, too; where it is not installed, all of the portal is English. The languages are the
`.po` files in `translations/`: a further one is one file here, and one of the blueprint's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, request
from flask_login import current_user
from markupsafe import Markup

from portal.refusal import Refusal
from portal.twofactor.catalogue import SOURCE, Catalogues
from portal.twofactor.language import markup

COOKIE = "portal_language"
COOKIE_SECONDS = 400 * 24 * 60 * 60
catalogues = Catalogues(Path(__file__).parent / "translations")
_forced: ContextVar[str | None] = ContextVar("language", default=None)


class Lazy:
    """A sentence that is translated when it is read: a label of a form, the name of an area."""

    def __init__(self, message: str) -> None:
        self._message = message

    def __str__(self) -> str:
        return _(self._message)


def lazy(message: str) -> Any:
    """A sentence that is translated when it is read."""
    return Lazy(message)


def _(message: str, **values: Any) -> str:
    """A sentence in the language of the moment.

    Args:
        message: the English sentence, with named placeholders (`%(name)s`).
        values: what stands in their places.
    """
    text = _texts().gettext(message)
    return text % values if values else text


def plural(one: str, many: str, count: int, **values: Any) -> str:
    """A sentence with a number in it, `%(count)d`, in the form that the language has for it."""
    return _texts().ngettext(one, many, count) % {"count": count, **values}


def worded(refusal: Refusal) -> str:
    """The sentence of a refusal, and its advice."""
    return " ".join((_(refusal.sentence, **refusal.values), *map(_, refusal.advice)))


@cache
def offered() -> dict[str, str]:
    """The languages to choose from, by locale, each by its own name."""
    if find_spec("flask_babel") is None:
        return {SOURCE: "English"}
    from babel import Locale

    names = {name: Locale.parse(name).get_display_name(name) or name for name in catalogues.names()}
    return {name: text[0].upper() + text[1:] for name, text in names.items()}


def locale() -> str:
    """What is spoken now, as Babel names it, e.g. `de`."""
    forced = _forced.get()
    if forced is not None:
        return forced
    if not has_request_context():
        return SOURCE
    g.spoken = True
    if "viewer" not in g and not g.get("asks_nothing"):
        current_user.is_authenticated  # noqa: B018 - the look itself loads the customer, and with it `g.viewer`
    return _known(g.get("viewer", (None, None))[1]) or wished()


def tag() -> str:
    """What is spoken now, as HTML names it; our English is British."""
    return "en-GB" if locale() == SOURCE else locale().replace("_", "-")


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


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Speak another language for a while."""
    token = _forced.set(name)
    try:
        yield
    finally:
        _forced.reset(token)


def speak_with(customer_id: int, stored: str | None) -> None:
    """It is known now who looks at the page: no further look into the database is needed."""
    g.viewer = (customer_id, stored)
    if "babel" in current_app.extensions:
        from flask_babel import refresh

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
    if find_spec("flask_babel") is not None:
        from flask_babel import Babel

        Babel(app, locale_selector=locale, configure_jinja=False)


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


def _texts() -> NullTranslations:
    return catalogues.of(locale()).texts


def _html(message: str, **values: Any) -> Markup:
    return markup(message, _texts().gettext(message), values)


def _html_plural(one: str, many: str, count: int, **values: Any) -> Markup:
    return markup(one, _texts().ngettext(one, many, count), {"count": count, **values})
