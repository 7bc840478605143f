"""The time zone of a request: the customer's, else the browser's, else UTC.

The sign-in page sends the browser's zone. It is kept in a cookie, since a code may come in between,
and with the customer. Flask-Babel stores the zone of the request, for the blueprint too.
"""

import re
from functools import cache

from babel.dates import get_timezone
from flask import Flask, Response, g, has_request_context, request
from flask_babel import refresh
from flask_login import current_user

from portal.i18n import cookies
from portal.rules.limits import ZONE_LENGTH

COOKIE = "portal_zone"
FIELD = "zone"  # of the sign-in page
# Names that browsers still use, and the newer ones that are on offer.
NEWER = {
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Godthab": "America/Nuuk",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Europe/Kiev": "Europe/Kyiv",
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")


def known(name: str | None) -> str | None:
    """Return the name of a time zone as it is written, `None` if there is no such zone."""
    name = (name or "").strip().replace(" ", "_")
    if len(name) > ZONE_LENGTH or not _NAME.fullmatch(name):
        return None
    try:
        return str(get_timezone(NEWER.get(name, name)))
    except (LookupError, ValueError, OSError):
        return None


@cache
def offered() -> tuple[str, ...]:
    """Return the time zones to choose from, sorted."""
    from pytz import common_timezones  # comes with Flask-Babel

    return tuple(common_timezones)


def of_browser() -> str | None:
    """Return the zone of this browser: as just sent, else from its cookie."""
    if not has_request_context():
        return None
    sent: str | None = g.get("browser_zone")
    return sent or known(request.cookies.get(COOKIE))


def note_sent() -> None:
    """Note the zone that the sign-in page has sent, if any."""
    sent = known(request.form.get(FIELD))
    if sent is not None:
        g.browser_zone = sent
        refresh()


def show_in(name: str | None) -> None:
    """Show times in the viewer's stored zone, without another database query."""
    g.viewer_zone = name
    refresh()


def chosen() -> str | None:
    """Return the zone of a request; Flask-Babel calls this once, and again after `refresh`."""
    if not has_request_context():
        return None
    if "viewer" not in g and not g.get("asks_nothing"):
        current_user._get_current_object()  # loads the customer, which sets `g.viewer_zone`
    return known(g.get("viewer_zone")) or of_browser()


def init_app(app: Flask) -> None:
    """Keep the zone of the browser in its cookie."""
    app.after_request(_remember)


def _remember(response: Response) -> Response:
    sent = g.get("browser_zone")
    if sent and sent != request.cookies.get(COOKIE):
        cookies.keep(response, COOKIE, sent)
    return response
