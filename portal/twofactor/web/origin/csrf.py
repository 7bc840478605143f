"""The question whether a page of ours sent a request: CSRF tokens, and what the browser says.

Flask-WTF is imported inside functions, since it imports WTForms, and Flask-Babel if installed,
which take longer than this package. A host that uses it has imported it already.
"""

import logging
from collections.abc import Sequence

from flask import current_app, g, request, session
from werkzeug.exceptions import BadRequest, HTTPException

from ...app.hooks import Csrf
from ...app.state import current_state
from ...core import bounds
from ...core.errors import CrossSite, MalformedCode
from .. import requests

log = logging.getLogger("flask_twofactor.web")

FIELD = "csrf_token"
_CSRF_HEADERS = ("X-CSRFToken", "X-CSRF-Token")
# The ticket of a pending sign-in, or the link that starts over, is in the session, so the form
# needs no token from our own page.
_GOES_ON = frozenset({"twofactor.sign_in_submit", "twofactor.start_over_submit"})


def _hosts() -> Csrf | None:
    return current_state().host.csrf


def field() -> str:
    """Return the name of the host's CSRF field."""
    hosts = _hosts()
    return hosts.field if hosts else str(current_app.config.get("WTF_CSRF_FIELD_NAME", FIELD))


def token() -> str:
    """Return a CSRF token of this session, made by Flask-WTF or by the host's `csrf`."""
    if hosts := _hosts():
        return hosts.token()
    from flask_wtf.csrf import generate_csrf

    return str(generate_csrf())


def headers() -> Sequence[str]:
    """Return the names of the headers that may carry a CSRF token."""
    if hosts := _hosts():
        return (hosts.header,)
    found: Sequence[str] = current_app.config.get("WTF_CSRF_HEADERS") or _CSRF_HEADERS
    return found


def renew() -> None:
    """Make the tokens of this session invalid, also those made in this request."""
    if hosts := _hosts():
        hosts.renew()
        return
    name = field()
    session.pop(name, None)
    g.pop(name, None)


class ProgramCSRFError(BadRequest):
    """A CSRF failure that is answered as JSON, even if the host has a page for it."""


def check() -> None:
    """Check the CSRF token of a request to one of the blueprint's own pages.

    The host's `CSRFProtect` may have checked it already; a second check does no harm.

    Raises:
        CSRFError, ProgramCSRFError: missing, wrong or expired (status 400).
    """
    from flask_wtf.csrf import CSRFError

    reason = _by_host() if _hosts() else _by_flask_wtf()
    if reason is None or (request.endpoint in _GOES_ON and is_same_origin()):
        return
    _note("token", reason)
    if requests.wants_json():
        raise ProgramCSRFError(str(reason))
    raise reason if isinstance(reason, HTTPException) else CSRFError(reason)


def _note(what: str, reason: object) -> None:
    """Log why a form is refused; the reason holds nothing of the form."""
    cause = reason.description if isinstance(reason, HTTPException) else reason
    fields = {"refused_by": what, "cause": str(cause), "endpoint": request.endpoint}
    log.warning("form refused", extra=fields)


def _by_host() -> HTTPException | None:
    try:
        current_state().host.csrf.check()  # type: ignore[union-attr]  # `check` has looked
    except HTTPException as error:
        return error
    return None


def _by_flask_wtf() -> str | None:
    """Return what is wrong with the token, `None` if it is right or nothing is checked.

    Flask-WTF knows no SECRET_KEY_FALLBACKS, with which the pages of other processes or of a moment
    ago are signed while SECRET_KEY rotates.
    """
    config = current_app.config
    if not config.get("WTF_CSRF_ENABLED", True):
        return None
    name = field()
    try:
        sent = requests.text(name)
    except MalformedCode:
        sent = ""
    sent = sent or _in_headers(name)
    reason = _refused(sent, None)
    if reason is None or config.get("WTF_CSRF_SECRET_KEY"):
        return reason
    others = config.get("SECRET_KEY_FALLBACKS") or ()
    return None if any(_refused(sent, key) is None for key in others) else reason


def _refused(sent: str, key: str | bytes | None) -> str | None:
    """Return what is wrong with a token; `None` as the key is that of Flask-WTF's settings."""
    from flask_wtf.csrf import validate_csrf
    from wtforms import ValidationError

    try:
        validate_csrf(sent, key)  # type: ignore[arg-type]  # it takes bytes, too
    except ValidationError as error:
        return str(error.args[0])
    return None


def _in_headers(name: str) -> str:
    """Return the first CSRF token in the headers, empty if there is none or it does not fit."""
    sent = next(filter(None, (request.headers.get(header, "") for header in headers())), "")
    return sent if bounds.fits(name, sent) else ""


def is_same_origin() -> bool:
    """Return whether the browser says that a page of this origin sent the request."""
    sent = requests.this_request()
    site = sent.headers.get("Sec-Fetch-Site")
    if site in ("same-origin", "same-site", "cross-site"):
        return site == "same-origin"
    told = sent.headers.get("Origin") or sent.headers.get("Referer") or ""
    # As browsers write it; `host_url` has the letters of an IDN, and fails at `xn--a`.
    return f"{told}/".startswith(f"{sent.scheme}://{sent.host}/")


def refuse_cross_site() -> None:
    """Refuse codes that another site sends in the person's name, whatever the host checks.

    Raises:
        CrossSite: the browser says that another site sent the request.
    """
    if requests.this_request().headers.get("Sec-Fetch-Site") == "cross-site":
        _note("sender", "another site")
        raise CrossSite("cross-site")
