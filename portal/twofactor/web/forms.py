"""Reading what was sent: one value a name, from a form or from JSON, never from the address.

Flask-WTF is imported where it is needed: it brings WTForms, and Flask-Babel where that is
installed, which take longer than this package; a host that uses it has imported it already.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, request
from werkzeug.exceptions import BadRequest

from ..core.errors import CrossSite, MalformedCode

_CSRF_HEADERS = ("X-CSRFToken", "X-CSRF-Token")


def wants_json() -> bool:
    """Whether the client asked for JSON: by what it sends, or by preferring it as an answer."""
    if request.is_json:
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def _json() -> Mapping[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def text(name: str) -> str:
    """The one value of a field, empty when it was not sent.

    Raises:
        MalformedCode: several values, or something that is no text.
    """
    if request.is_json:
        values = [_json()[name]] if name in _json() else []
    else:
        values = request.form.getlist(name)
    if not values:
        return ""
    if len(values) > 1 or not isinstance(values[0], str):
        raise MalformedCode("not one text")
    return values[0]


def texts(name: str) -> list[str]:
    """All values of a field; what is no text becomes one that nothing is called."""
    if request.is_json:
        values = _json().get(name, [])
        values = values if isinstance(values, list) else [values]
        return [value if isinstance(value, str) else "\0" for value in values]
    return request.form.getlist(name)


def sent(name: str) -> bool:
    """Whether the field was sent at all, be it empty."""
    return name in (_json() if request.is_json else request.form)


def csrf_field() -> str:
    """The name of the host's CSRF field."""
    return str(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"))


def csrf_token() -> str:
    """A CSRF token of this session, as Flask-WTF makes it."""
    from flask_wtf.csrf import generate_csrf

    return str(generate_csrf())


def csrf_headers() -> Sequence[str]:
    """The headers that a CSRF token may travel in."""
    found: Sequence[str] = current_app.config.get("WTF_CSRF_HEADERS") or _CSRF_HEADERS
    return found


class ProgramCSRFError(BadRequest):
    """A CSRF failure that is answered as JSON, whatever pages the host has for people."""


def check_csrf() -> None:
    """Check the CSRF token of a request to one of the blueprint's own pages.

    A host with `CSRFProtect` has checked it already; then this is done twice, which does no harm.

    Raises:
        CSRFError, ProgramCSRFError: missing, wrong or expired (status 400).
    """
    from flask_wtf.csrf import CSRFError, validate_csrf
    from wtforms import ValidationError

    if not current_app.config.get("WTF_CSRF_ENABLED", True):
        return
    try:
        token = text(csrf_field())
    except MalformedCode:
        token = ""
    for header in csrf_headers():
        token = token or request.headers.get(header, "")
    try:
        validate_csrf(token)
    except ValidationError as error:
        failure = ProgramCSRFError if wants_json() else CSRFError
        raise failure(str(error.args[0])) from None


def refuse_cross_site() -> None:
    """Let no other site submit codes in the person's name, whatever the host checks.

    Raises:
        CrossSite: the browser says that another site sent the request.
    """
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise CrossSite("cross-site")
