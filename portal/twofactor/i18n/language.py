"""The language of a request: the locale of Flask-Babel if the host uses it, otherwise English.

Every sentence for people goes through `_` or `plural`, in templates through `twofactor_text` or
`twofactor_texts`. Times go through `times`. Texts for operators (commands, logs) are English.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from flask import Flask
from flask.ctx import AppContext
from flask.globals import app_ctx
from markupsafe import Markup, escape

from ..core.areas import BUILT_IN, Area, OwnArea
from ..core.settings import KEY
from .catalogue import SOURCE, Catalogues, Language

_NONE = Catalogues()
# Flask-BabelPlus keeps itself in an app under the same name.
FLASK_BABEL = "flask_babel"


def language() -> Language:
    """Return the language of the request.

    It is looked for each time, since a host may change it within a request.
    """
    app = application()
    return _in(app, _locale(app))


def _(message: str, **values: Any) -> str:
    """Return a sentence in the language of the request.

    Args:
        message: the English sentence, with named placeholders (`%(name)s`).
        values: values of the placeholders.
    """
    text = language().texts.gettext(message)
    return text % values if values else text


def plural(one: str, many: str, count: int, **values: Any) -> str:
    """Return a sentence with a number, in the plural form of the language for it.

    Args:
        one: the English sentence for 1.
        many: the English sentence for any other number; `%(count)d` is the number.
        count: the number.
        values: values of the other placeholders.
    """
    return language().texts.ngettext(one, many, count) % {"count": count, **values}


def markup(message: str, text: str, values: Mapping[str, Any]) -> Markup:
    """Return a sentence as HTML, with escaped values.

    Args:
        message: the English sentence. If it has tags, its translation is HTML, otherwise the
            translation is escaped.
        text: the translation.
        values: values of the placeholders.
    """
    safe = _safe(message, text)
    return safe % values if values else safe


@lru_cache(maxsize=4096)  # more than the sentences in a few languages
def _safe(message: str, text: str) -> Markup:
    if "<" not in message:
        # Apostrophes need no escape, since attributes are in double quotes.
        text = str(escape(text)).replace("&#39;", "'")
    return Markup(text)  # noqa: S704 - a catalogue sentence: escaped above, or written with tags by us


def html_text(message: str, **values: Any) -> Markup:
    """`_` for templates."""
    return markup(message, language().texts.gettext(message), values)


# By type, since a text and the same text as HTML are equal.
@lru_cache(maxsize=1024, typed=True)
def whole(text: str) -> Markup:
    """Return text without tags as HTML in which a line breaks after a hyphen, but not within.

    It breaks after "two-factor", "6-digit" and "Zwei-Faktor-".
    """
    return Markup(" ".join(map(_unbroken, str(escape(text)).split(" "))))  # noqa: S704 - `escape` took the text; the rest is our own tag


def _unbroken(word: str) -> str:
    before, hyphen, after = word.rpartition("-")
    if not hyphen:
        return word
    kept, rest = (f"{before}-", after) if "-" in before else (word, "")
    return f'<span class="twofactor-nowrap">{kept}</span>{rest}'


def html_plural(one: str, many: str, count: int, **values: Any) -> Markup:
    """`plural` for templates."""
    text = language().texts.ngettext(one, many, count)
    return markup(one, text, {"count": count, **values})


def language_attributes() -> dict[str, str]:
    """Return `lang` and `dir` of an element with our sentences; the page may differ."""
    return attributes(language())


def attributes(spoken: Language) -> dict[str, str]:
    """Return `lang` and `dir` of an element with sentences in a language."""
    return {"lang": spoken.tag} | ({"dir": "rtl"} if spoken.is_right_to_left else {})


HELPERS: dict[str, Any] = {
    "twofactor_text": html_text,
    "twofactor_texts": html_plural,
    "twofactor_whole": whole,
    "twofactor_language": language_attributes,
}


def shown(area: Area) -> Area:
    """Return an area with its texts in the language of the request; lazy strings are resolved."""
    if area.key in BUILT_IN or isinstance(area, OwnArea):
        described = _(area.description) if area.description else ""
        return replace(area, label=_(area.label), description=described, action=_(area.action))
    label, description, action = str(area.label), str(area.description), str(area.action)
    return replace(area, label=label, description=description, action=action)


def in_english(area: Area) -> Area:
    """Return an area with English texts, for operators; also for lazy strings of the host."""
    app = application()
    if app is None or not has_flask_babel(app):
        return shown(area)
    from flask_babel import force_locale

    with force_locale(SOURCE):
        return shown(area)


def spoken_locale() -> str:
    """Return the host's locale with its region if our sentences are in that language.

    Otherwise return the language of the sentences, so that dates fit them.
    """
    app = application()
    locale = _locale(app)
    if locale == SOURCE:
        return SOURCE
    spoken = _in(app, locale).tag.replace("-", "_")
    return locale if locale.partition("_")[0] == spoken.partition("_")[0] else spoken


def application() -> Flask | None:
    """Return the current application past its proxies, which cost more than the look-up."""
    proxy: Any = app_ctx  # its type hides the method of the proxy
    try:
        context: AppContext = proxy._get_current_object()
    except RuntimeError:
        return None
    return context.app


def _in(app: Flask | None, locale: str) -> Language:
    """Return the language of a locale with the sentences of an application."""
    # The class `State` belongs to a higher layer and can't be imported here.
    state = app.extensions.get(KEY) if app else None
    found = getattr(state, "catalogues", None)
    return (found if isinstance(found, Catalogues) else _NONE).of(locale)


def has_flask_babel(app: Flask) -> bool:
    """Return whether the extension that the host keeps as `babel` is Flask-Babel, or made of it."""
    kind: Any = type(app.extensions.get("babel"))
    return _is_flask_babel(kind)


@lru_cache(maxsize=16)  # asked for each sentence of a page
def _is_flask_babel(kind: Any) -> bool:
    return any(each.__module__.partition(".")[0] == FLASK_BABEL for each in kind.__mro__)


def _locale(app: Flask | None) -> str:
    if app is None or not has_flask_babel(app):
        return SOURCE
    try:
        from flask_babel import get_locale

        return str(get_locale() or SOURCE)
    except Exception:
        # The host's locale selector may raise anything; a refusal must still have its sentence.
        app.logger.exception("no language could be chosen: English is spoken")
        return SOURCE
