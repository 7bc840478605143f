"""Times for people, in the time zone of Flask-Babel if the host uses it, otherwise in UTC.

Only in UTC does a text name the zone. Times for operators and programs stay in UTC.
"""

import time
from datetime import UTC, date, datetime, timedelta, tzinfo

from markupsafe import Markup

from ..core.settings import KEY
from .catalogue import SOURCE
from .language import _, application, has_flask_babel, spoken_locale

# Where the usual short form of a language is not the one of sentences.
_CLOCKS = {"de": "H:mm 'Uhr'"}
_NAMES_OF_UTC = frozenset({"UTC", "Etc/UTC"})


def moment(at: float) -> str:
    """Return date and time, e.g. "today, 16:00" or "28 November, 9:12" (`at` is Unix seconds)."""
    here = zone()
    when, today = datetime.fromtimestamp(at, here), datetime.fromtimestamp(_now(), here).date()
    days = (when.date() - today).days
    if days == 0:
        return _("today, %(time)s", time=_clock(when))
    if days == -1:
        return _("yesterday, %(time)s", time=_clock(when))
    if days == 1:
        return _("tomorrow, %(time)s", time=_clock(when))
    return _on(when, with_year=when.year != today.year)


def dated(at: float) -> str:
    """Return date and time with the year, for paper, e.g. "28 November 2026, 16:00 UTC"."""
    return _on(_local(at), with_year=True)


def time_tag(at: float, of_day: bool = False) -> Markup:
    """Return `moment` as a `<time>` element; with `of_day` only the time of day."""
    text = _clock(_local(at)) if of_day else moment(at)
    iso = datetime.fromtimestamp(at, UTC).isoformat()
    return Markup('<time datetime="%s">%s</time>') % (iso, text)


def time_of_day(at: float) -> str:
    """Return hours and minutes, e.g. "16:00" or "16:00 UTC" (`at` is Unix seconds)."""
    return _clock(_local(at))


def day(at: float) -> str:
    """Return the day as a heading, e.g. "Today" or "28 November" (`at` is Unix seconds)."""
    when, today = _local(at).date(), _local(_now()).date()
    days = (when - today).days
    if days == 0:
        return _("Today")
    if days == -1:
        return _("Yesterday")
    return _day(when, with_year=when.year != today.year)


def on_day(when: date) -> str:
    """Return a date that belongs to no time zone, e.g. "28 November"."""
    return _day(when, with_year=when.year != _local(_now()).year)


def again(at: float, now: float) -> str:
    """Return the day and time of a retry, e.g. "tomorrow at 14:05" (both are Unix seconds)."""
    when, today = _local(at), _local(now).date()
    if when.date() == today:
        return _("today at %(time)s", time=_clock(when))
    if when.date() == today + timedelta(days=1):
        return _("tomorrow at %(time)s", time=_clock(when))
    named = _day(when.date(), with_year=when.year != today.year)
    return _("on %(day)s at %(time)s", day=named, time=_clock(when))


def zone() -> tzinfo:
    """Return the time zone of the request."""
    app = application()
    if app is None or not has_flask_babel(app):
        return UTC
    from flask_babel import get_timezone

    try:
        return get_timezone() or UTC
    except Exception:
        # The host's time zone selector may raise anything; a refusal must still have its sentence.
        app.logger.exception("no time zone could be chosen: times are in UTC")
        return UTC


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at, zone())


def _now() -> float:
    """Return the time of the host's clock."""
    app = application()
    # The class `State` belongs to a higher layer and can't be imported here.
    kit = getattr(app.extensions.get(KEY), "kit", None) if app else None
    return float(kit.clock()) if kit is not None else time.time()


def _on(when: datetime, with_year: bool) -> str:
    return f"{_day(when.date(), with_year)}, {_clock(when)}"


def _clock(when: datetime) -> str:
    locale = spoken_locale()
    if locale == SOURCE:
        text = f"{when.hour}:{when:%M}"
    else:
        from babel.dates import format_time, get_time_format

        usual = get_time_format("short", locale=locale).pattern.replace("HH", "H")
        pattern = _CLOCKS.get(locale.partition("_")[0], usual)
        text = format_time(when.time(), pattern, locale=locale)
    return _("%(time)s UTC", time=text) if str(when.tzinfo) in _NAMES_OF_UTC else text


def _day(when: date, with_year: bool) -> str:
    locale = spoken_locale()
    if locale == SOURCE:
        return f"{when.day} {when:%B %Y}" if with_year else f"{when.day} {when:%B}"
    from babel.dates import format_date, format_skeleton

    if with_year:
        return str(format_date(when, "long", locale=locale))
    return str(format_skeleton("MMMMd", when, locale=locale))
