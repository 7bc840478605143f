"""Our templates in one language: their sentences are text before Jinja compiles them.

Most sentences on a page never change for a language. To translate and escape them at each rendering
took a third of a page's calls. So each language has an environment of its own, an overlay of the
application's that shares its filters and globals, and `Templates` gives it sources in which

    twofactor_text("Cancel")        is ("Abbrechen"|twofactor_filled), which Jinja compiles as text,
    twofactor_text("Hi %(a)s", a=b) is "Hallo %(a)s"|twofactor_filled(a=b).

The filter is ours, since a host may have a `safe` of its own, or none.

The compiled templates of an environment therefore differ from the application's own, also in a
cache of compiled templates, which looks at the source. Templates of the host, and ours where the
host renders them in another way, stay as they are and look for the language at each sentence.
"""

import re
from collections import ChainMap
from collections.abc import MutableMapping
from functools import partial
from operator import attrgetter
from typing import Any

from jinja2 import ChainableUndefined, Environment, StrictUndefined, Template
from markupsafe import Markup

from ...i18n.catalogue import Language
from ...i18n.language import attributes, markup, whole

FILLED = "twofactor_filled"
# Attribute of an environment with a language.
_LANGUAGE = "twofactor_spoken"
# What a host may change of an environment that has templates already.
_LIVE = attrgetter("loader", "auto_reload")
_QUOTED = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_WHOLE = re.compile(rf"\b(?:macros\.)?whole\(twofactor_text\({_QUOTED}\)\)")
_FIXED = re.compile(rf"\btwofactor_text\({_QUOTED}\)")
_WITH_VALUES = re.compile(rf"\btwofactor_text\({_QUOTED}, ")
_ATTRIBUTES = "twofactor_language()"
_OURS, _HTML = "twofactor/", ".html"  # all of them; a text there, such as a mail, is the host's


def environment(
    shared: Environment, language: Language, known: MutableMapping[str, Environment]
) -> Environment:
    """Return the environment of a language, an overlay of the application's.

    It has a cache of its own, so an entry in the application's tells when the host has emptied or
    replaced that one, as theme switchers do. Then, and when templates are found elsewhere or looked
    at anew, the environment is made anew.

    Args:
        shared: the application's environment.
        language: of the page.
        known: the environments that were made before, by language.
    """
    found, entry = known.get(language.tag), (_LANGUAGE, language.tag)
    cache: Any = shared.cache  # `None` where the host keeps no compiled templates
    is_kept = found is not None and cache is not None and cache.get(entry) is found
    if found is None or not is_kept or _LIVE(found) != _LIVE(shared):
        found = known[language.tag] = _made(shared, language)
        if cache is not None:
            cache[entry] = found
    return found


def escape_ours(environment: Environment) -> None:
    """Make our templates escape values where the host's settings of Jinja would not."""
    own = environment.autoescape

    def as_host_does(name: str | None) -> bool:
        return own(name) if callable(own) else own

    def escapes(name: str | None) -> bool:
        ours = name is not None and name.startswith(_OURS) and name.endswith(_HTML)
        return ours or as_host_does(name)

    if not as_host_does(f"{_OURS}page.html"):
        environment.autoescape = escapes


def _made(shared: Environment, language: Language) -> Environment:
    made = shared.overlay()
    made.extend(**{_LANGUAGE: language})
    escape_ours(made)
    if issubclass(made.undefined, StrictUndefined):
        # Our pages leave out the values that they don't have, such as an error.
        made.undefined = ChainableUndefined
    as_usual = made.overlay()
    made.make_globals = partial(_globals, made)  # type: ignore[method-assign]  # Jinja has no other hook
    made._load_template = partial(_loaded, made, as_usual)  # type: ignore[method-assign]  # Jinja has no other hook here either
    return made


def _globals(
    environment: Environment, own: MutableMapping[str, Any] | None
) -> MutableMapping[str, Any]:
    """Return the globals of a template: those of the environment, if it has none of its own.

    Jinja puts a chain around them, and goes through all of it at each `import`, in Python.
    """
    return ChainMap(own, environment.globals) if own else environment.globals


def _loaded(
    environment: Environment,
    as_usual: Environment,
    name: str,
    own: MutableMapping[str, Any] | None,
) -> Template:
    """Return a template; with globals of its own from an environment that has Jinja's chains.

    Jinja puts them into the first map of the template's globals, which here is everybody's.
    """
    asked = as_usual if own else environment
    return type(asked)._load_template(asked, name, own)


def source(environment: Environment, template: str) -> str:
    """Return the source of a template of ours with the sentences of the environment's language.

    Args:
        environment: that asks for it; the application's own gets it as it is.
        template: the source.
    """
    spoken: Language | None = getattr(environment, _LANGUAGE, None)
    if spoken is None:
        return template
    texts = spoken.texts

    def html(found: re.Match[str]) -> Markup:
        message = _read(found[1])
        return markup(message, texts.gettext(message), {})

    template = _WHOLE.sub(lambda found: _constant(whole(html(found))), template)
    template = _FIXED.sub(lambda found: _constant(html(found)), template)
    template = _WITH_VALUES.sub(lambda found: f"{str(html(found))!r}|{FILLED}(", template)
    return template.replace(_ATTRIBUTES, repr(attributes(spoken)))


def filled(text: str, /, **values: Any) -> Markup:
    """Return a sentence as HTML, with escaped values: the filter `twofactor_filled`."""
    html = Markup(text)  # noqa: S704 - `source` has made it HTML
    return html % values if values else html


def _read(literal: str) -> str:
    """Return the text of a string in a template, as Jinja's lexer does.

    Python's `ast` can't be used: on Python 3.11 it fails now and then when threads parse at once
    (CPython's issue 106905).
    """
    return literal[1:-1].encode("ascii", "backslashreplace").decode("unicode-escape")


def _constant(html: Markup) -> str:
    # Jinja reads Python's escapes in its strings.
    return f"({str(html)!r}|{FILLED})"
