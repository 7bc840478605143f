"""Formats of times, days, money and devices for pages and mails."""

from datetime import UTC, date, datetime
from decimal import Decimal

from flask import Flask
from flask_babel import format_currency, format_date
from flask_login import current_user

from portal.clock import today
from portal.i18n.language import _
from portal.rules.support import support_of


def moment(seconds: float) -> str:
    """Return a time given in Unix seconds, e.g. `24 November 2026, 14:05 UTC`."""
    at = datetime.fromtimestamp(seconds, UTC)
    return _("%(date)s, %(time)s UTC", date=day(at.date()), time=f"{at:%H:%M}")


def day(value: date) -> str:
    """Return a day, e.g. `24 November 2026`."""
    return format_date(value, "long")


def money(cents: int) -> str:
    """Return an amount given in cents, e.g. `€1,234.50`."""
    return format_currency(Decimal(cents) / 100, "EUR")


def device(user_agent: str) -> str:
    """Return the browser and system of a user agent, e.g. `Firefox on Linux`."""
    browsers = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl")
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux")
    words = {"Edg": "Edge", "OPR": "Opera", "Mac OS": "macOS", "CrOS": "ChromeOS"}
    browser = next((name for name in browsers if name in user_agent), None)
    system = next((name for name in systems if name in user_agent), None)
    known = [words.get(name, name) for name in (browser, system) if name]
    if len(known) == 2:
        return _("%(browser)s on %(system)s", browser=known[0], system=known[1])
    return known[0] if known else _("An unknown browser")


def init_app(app: Flask) -> None:
    """Add the formats to the templates as filters."""
    app.jinja_env.filters.update(moment=moment, day=day, money=money, device=device)
    app.jinja_env.globals.update(
        current_user=current_user,
        today=today,
        site_name=app.config["SITE_NAME"],
        company=app.config["COMPANY"] or app.config["SITE_NAME"],
        support=support_of(app.config),
    )
