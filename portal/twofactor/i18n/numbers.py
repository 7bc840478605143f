"""Numbers for people, in the language of the request."""

from .catalogue import SOURCE
from .language import spoken_locale


def number(value: int) -> str:
    """Return a whole number, e.g. "1,204"."""
    locale = spoken_locale()
    if locale == SOURCE:
        return f"{value:,}"
    from babel.numbers import format_decimal

    return str(format_decimal(value, locale=locale))


def share(part: int, whole: int) -> str:
    """Return a part of a whole in per cent, e.g. "35%"; "" without a whole."""
    if not whole:
        return ""
    locale = spoken_locale()
    if locale == SOURCE:
        return f"{part / whole:.0%}"
    from babel.numbers import format_percent

    return str(format_percent(part / whole, locale=locale))
