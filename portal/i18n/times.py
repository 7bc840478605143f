"""Times for people, in the time zone of the request; only in UTC does a text name the zone."""

from datetime import UTC, date, datetime, tzinfo

from babel.dates import format_skeleton, format_time, get_time_format
from flask_babel import format_date, get_locale, get_timezone
from markupsafe import Markup

from portal.clock import now
from portal.i18n.language import _

# Where the usual short form of a language is not the one of sentences.
_CLOCKS = {"de": "H:mm 'Uhr'"}
_NAMES_OF_UTC = frozenset({"UTC", "Etc/UTC"})


def moment_text(seconds: float) -> str:
    """Return a time, e.g. `today, 16:00` or `28 November, 9:12` (`seconds` is Unix time)."""
    when, today = _local(seconds), _local(now()).date()
    words = {
        0: _("today, %(time)s", time=_clock(when)),
        -1: _("yesterday, %(time)s", time=_clock(when)),
        1: _("tomorrow, %(time)s", time=_clock(when)),
    }
    near = words.get((when.date() - today).days)
    return near or f"{_day(when.date(), today.year)}, {_clock(when)}"


def time_tag(seconds: float) -> Markup:
    """Return the same as a `<time>` element."""
    iso = datetime.fromtimestamp(seconds, UTC).isoformat()
    return Markup('<time datetime="%s">%s</time>') % (iso, moment_text(seconds))


def day(value: date) -> str:
    """Return a day, e.g. `24 November 2026`."""
    return format_date(value, "long")


def _local(seconds: float) -> datetime:
    zone: tzinfo = get_timezone() or UTC
    return datetime.fromtimestamp(seconds, zone)


def _clock(when: datetime) -> str:
    locale = get_locale()
    usual = get_time_format("short", locale=locale).pattern.replace("HH", "H")
    pattern = _CLOCKS.get(str(locale).partition("_")[0], usual)
    text = format_time(when.time(), pattern, locale=locale)
    return _("%(time)s UTC", time=text) if _is_utc(when) else text


def _is_utc(when: datetime) -> bool:
    return str(when.tzinfo) in _NAMES_OF_UTC


def _day(value: date, year: int) -> str:
    if value.year != year:
        return format_date(value, "long")
    return str(format_skeleton("MMMMd", value, locale=get_locale()))
