"""Money and devices for pages and mails, and all formats as filters; `times` has the times."""

import re
from decimal import Decimal
from pathlib import Path

from flask import Flask
from flask_babel import format_currency
from flask_login import current_user
from markupsafe import Markup, escape

from portal.clock import today
from portal.i18n.devices import browser_and_system
from portal.i18n.language import _
from portal.i18n.times import day, moment_text, time_tag
from portal.rules.support import support_of

__all__ = ["day", "device", "init_app", "money"]


def money(cents: int) -> str:
    """Return an amount given in cents, e.g. `€1,234.50`."""
    return format_currency(Decimal(cents) / 100, "EUR")


def device(user_agent: str) -> str:
    """Return the browser and system of a user agent, e.g. `Firefox on Linux`."""
    browser, system = browser_and_system(user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("An unknown browser")


# Tags are left alone; the start of a word such as "two-factor" or "E-Mail-Adresse" is a match.
_TAG_OR_HYPHEN = re.compile(r"<[^>]*>|\b[^\W\d_]{1,7}-[^\W\d_]{1,9}\b")


def unbroken(text: str) -> Markup:
    """Return a text whose words such as "e-mail" are not broken at the hyphen."""

    def whole(found: re.Match[str]) -> str:
        part = found[0]
        return part if part.startswith("<") else f'<span class="nowrap">{part}</span>'

    return Markup(_TAG_OR_HYPHEN.sub(whole, escape(text)))  # noqa: S704 - `escape` took the text; the rest is our own tag


def init_app(app: Flask) -> None:
    """Add the formats to the templates as filters."""
    app.jinja_env.filters.update(
        moment=time_tag,
        moment_text=moment_text,
        day=day,
        money=money,
        device=device,
        unbroken=unbroken,
    )
    app.jinja_env.globals.update(
        current_user=current_user,
        today=today,
        site_name=app.config["SITE_NAME"],
        company=app.config["COMPANY"] or app.config["SITE_NAME"],
        support=support_of(app.config),
        site_mark=_drawing(Path(str(app.static_folder)) / "favicon.svg"),
    )


def _drawing(path: Path) -> Markup:
    """Return what an SVG file draws, for an `<svg>` in the page, which saves a request."""
    drawn = path.read_text(encoding="utf-8").partition(">")[2].rpartition("</svg>")[0]
    return Markup(drawn)  # noqa: S704 - read from our own static folder at start, never from a request
