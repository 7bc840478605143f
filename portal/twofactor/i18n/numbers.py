"""Numbers for people, in the language of the request."""

from collections.abc import Callable
from functools import lru_cache, partial

from .catalogue import SOURCE
from .language import spoken_locale


def number(value: int) -> str:
    """Return a whole number, e.g. "1,204"."""
    return _number(spoken_locale(), value)


def numbers() -> Callable[[int], str]:
    """Return `number` for this request, which looks for the language once: for long tables."""
    return partial(_number, spoken_locale())


def share(part: int, whole: int) -> str:
    """Return a part of a whole in per cent, e.g. "35%"; "" without a whole."""
    if not whole:
        return ""
    locale = spoken_locale()
    if locale == SOURCE:
        return f"{part / whole:.0%}"
    from babel.numbers import format_percent

    return str(format_percent(part / whole, locale=locale))


# Babel takes some 30 microseconds for each, and a page may show a thousand.
@lru_cache(maxsize=4096)
def _number(locale: str, value: int) -> str:
    if locale == SOURCE:
        return f"{value:,}"
    from babel.numbers import format_decimal

    return str(format_decimal(value, locale=locale))
