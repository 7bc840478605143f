"""Reading what was sent: one value a name, from a form or from JSON, never from the address.

Each text is bounded here, before anything is done with it (`core.bounds`).

Flask-WTF is imported where it is needed: it brings WTForms, and Flask-Babel where that is
installed, which take longer than this package; a host that uses it has imported it already.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from ..core import bounds
from ..core.errors import (
    ChallengeRequired,
    CrossSite,
    MalformedCode,
    NameUnusable,
    PasswordWrong,
    Refusal,
)

_CSRF_HEADERS = ("X-CSRFToken", "X-CSRF-Token")
_FORM = "application/x-www-form-urlencoded"
_PASSWORDS = frozenset({"password", "new_password", "repeat_password"})
# A key that nothing is called by.
_NOTHING = "\0"


class UnreadableBody(BadRequest):
    """JSON that no parser reads; it is answered as JSON, as only programs send it."""


def bound_request() -> None:
    """Bound what is read of this request, before anybody reads its form.

    Raises:
        RequestEntityTooLarge: more fields than any page has.
    """
    limit = min(bounds.BODY, request.max_content_length or bounds.BODY)
    request.max_content_length = request.max_form_memory_size = limit
    request.max_form_parts = bounds.FIELDS
    # The parser has no limit of its own for these: counted in the bytes, which are few.
    if request.mimetype == _FORM and request.get_data().count(b"&") >= bounds.FIELDS:
        raise RequestEntityTooLarge


def wants_json() -> bool:
    """Whether the client asked for JSON: by what it sends, or by preferring it as an answer."""
    if request.is_json:
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def _json() -> Mapping[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        # Whatever is not JSON at all is nothing sent; this is, and only its depth forbids it.
        raise UnreadableBody("nested too deeply") from None
    return body if isinstance(body, dict) else {}


def text(name: str) -> str:
    """The one value of a field, empty when it was not sent.

    Raises:
        MalformedCode: several values, or something that is no text.
        MalformedCode, PasswordWrong, NameUnusable: longer than the field can be (`core.bounds`),
            or not of characters.
    """
    if request.is_json:
        values = [_json()[name]] if name in _json() else []
    else:
        values = request.form.getlist(name)
    if not values:
        return ""
    if len(values) > 1 or not isinstance(values[0], str):
        raise MalformedCode("not one text")
    if not bounds.fits(name, values[0]):
        raise _unfit(name)
    return values[0]


def code() -> str:
    """The code, or what stands in its field.

    Raises:
        ChallengeRequired: nothing does.
        MalformedCode: as `text`.
    """
    given = text("code")
    if not given.strip():
        raise ChallengeRequired("no code")
    return given


def _unfit(name: str) -> Refusal:
    """Return the refusal of a text that is too long for its field."""
    if name in _PASSWORDS:
        return PasswordWrong("unfit")
    return NameUnusable("long") if name == "name" else MalformedCode("unfit")


def texts(name: str) -> list[str]:
    """All values of a field; what is no text, or unfit, becomes one that nothing is called."""
    values: list[Any] = request.form.getlist(name)
    if request.is_json:
        value = _json().get(name, [])
        values = value if isinstance(value, list) else [value]
    if len(values) > bounds.FIELDS:
        return [_NOTHING]
    return [_known(name, value) for value in values]


def _known(name: str, value: Any) -> str:
    return value if isinstance(value, str) and bounds.fits(name, value) else _NOTHING


def typed(name: str) -> str | None:
    """Return what was typed into a field, to show it again; `None` where it can't be shown."""
    values = texts(name)
    return values[0] if len(values) == 1 and values[0] != _NOTHING else None


def asked_texts(name: str) -> list[str]:
    """All values of a parameter of the address, but for unfit ones."""
    values = request.args.getlist(name)
    return [value for value in values[: bounds.FIELDS] if bounds.fits(name, value)]


def asked(name: str) -> str:
    """A parameter of the address, empty when it is not there, or unfit."""
    value = request.args.get(name, "")
    return value if bounds.fits(name, value) else ""


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
    if not bounds.fits(csrf_field(), token):
        token = ""
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
