"""Readers of submitted fields: one value per name, from a form or JSON, never from the query.

Each text is checked against its bounds here, before it is used (`core.bounds`).

Flask-WTF is imported inside functions, since it imports WTForms, and Flask-Babel if installed,
which take longer than this package. A host that uses it has imported it already.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Request, current_app, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from ..app.state import current_state
from ..core import answers, bounds
from ..core.enrolment_errors import NotSaved
from ..core.errors import (
    ChallengeRequired,
    CrossSite,
    MalformedCode,
    NameUnusable,
    PasswordWrong,
    RecoveryWrong,
    Refusal,
)
from ..core.policy import SAFE_METHODS

# With the header `X-Twofactor-Check: 1` a form is only looked at, before its code is asked.
CHECK_HEADER = "HTTP_X_TWOFACTOR_CHECK"
# With the header `X-Twofactor-Dialog: 1` the script sends a form, and shows a refusal itself.
DIALOG_HEADER = "HTTP_X_TWOFACTOR_DIALOG"
_CSRF_HEADERS = ("X-CSRFToken", "X-CSRF-Token")
_FORM = "application/x-www-form-urlencoded"
_PASSWORDS = frozenset({"password", "new_password", "repeat_password"})
# The page that a challenge's form is taken along to, sealed for its own address.
CARRIES_A_FORM = "twofactor.deactivate_submit"
# The page that makes a challenge gets the sealed form of the page that asks, too.
ASKS_FOR_A_PASSKEY = "twofactor.passkey"
# Pages that get a new passkey, which may be long.
TAKES_A_PASSKEY = frozenset({"twofactor.activate_submit", "twofactor.authenticator_add"})
# A text that is no key or name of anything.
_NOTHING = "\0"
# The ticket of a pending sign-in is in the session, so the form needs no token from our own page.
_GOES_ON = frozenset({"twofactor.sign_in_submit"})


class UnreadableBody(BadRequest):
    """JSON that can't be parsed; answered as JSON, since only programs send it."""


def bound_request() -> None:
    """Limit the size and number of fields of this request, before its form is read.

    Raises:
        RequestEntityTooLarge: more fields than any page has.
    """
    most, endpoint = bounds.BODY, request.endpoint
    if endpoint in TAKES_A_PASSKEY and state_has_passkeys():
        most = bounds.PASSKEY_BODY
    is_carried = endpoint == CARRIES_A_FORM and asked("kept")
    if is_carried or endpoint == ASKS_FOR_A_PASSKEY:
        # The form was within the host's limit before, and it was sealed within it.
        most = max(most, request.max_form_memory_size or most)
    limit = min(most, request.max_content_length or most)
    request.max_content_length = request.max_form_memory_size = limit
    request.max_form_parts = bounds.FIELDS
    # The parser has no limit for these fields, so they are counted in the short body.
    if request.mimetype == _FORM and request.get_data().count(b"&") >= bounds.FIELDS:
        raise RequestEntityTooLarge


def state_has_passkeys() -> bool:
    """Return whether passkeys are used in this application."""
    return current_state().kit.settings.relying_party is not None


def wants_json() -> bool:
    """Return whether the client sends JSON, or prefers it as an answer."""
    if request.is_json:
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def this_request() -> Request:
    """Return the request itself; Flask's proxy looks it up at each access."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]  # of the proxy
    return found


def checking(sent: Request | None = None) -> bool:
    """Return whether a request only asks what is wrong with its form, see `TwoFactor.checking`.

    The header is ignored where nothing is sent (GET, HEAD, OPTIONS).
    """
    sent = sent or this_request()
    return sent.environ.get(CHECK_HEADER) == "1" and sent.method not in SAFE_METHODS


def from_dialog() -> bool:
    """Return whether the script of the dialog has sent this request."""
    return this_request().environ.get(DIALOG_HEADER) == "1"


def _json() -> Mapping[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        # A body that is not JSON counts as empty. This is JSON, but nested too deeply.
        raise UnreadableBody("nested too deeply") from None
    return body if isinstance(body, dict) else {}


def text(name: str) -> str:
    """Return the only value of a field, empty when it was not sent.

    Raises:
        MalformedCode: several values, or a value that is no text.
        MalformedCode, PasswordWrong, NameUnusable: longer than the field allows (`core.bounds`),
            or with a surrogate, which is no character.
    """
    sent = this_request()
    if sent.is_json:
        values = [_json()[name]] if name in _json() else []
    else:
        values = sent.form.getlist(name)
    if not values:
        return ""
    if len(values) > 1 or not isinstance(values[0], str):
        raise MalformedCode("not one text")
    if not bounds.fits(name, values[0]):
        raise _unfit(name)
    return values[0]


def value(name: str) -> Any:
    """Return the only value of a field, as a program or a form has sent it; `None` without one.

    Raises:
        MalformedCode: several values, or a text that is too long for the field.
    """
    if request.is_json:
        return _json().get(name)
    return text(name) if sent(name) else None


def code() -> str:
    """Return the content of the field "code".

    Raises:
        ChallengeRequired: the field is empty.
        MalformedCode: as in `text`.
    """
    given = text("code")
    if not given.strip():
        raise ChallengeRequired("no code")
    return given


def check_saved() -> None:
    """Check that the person has ticked the box below the recovery code.

    Raises:
        NotSaved: the box is not ticked.
    """
    if texts("saved") != ["yes"]:
        raise NotSaved("not ticked")


def _unfit(name: str) -> Refusal:
    """Return the refusal of a text that is too long for its field."""
    if name in _PASSWORDS:
        return PasswordWrong("unfit")
    return NameUnusable("long") if name == "name" else MalformedCode("unfit")


def texts(name: str) -> list[str]:
    """Return all values of a field; a value that does not fit becomes one that matches nothing."""
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
    """Return the value of a field, to show it again; `None` if it can't be shown."""
    values = texts(name)
    return values[0] if len(values) == 1 and values[0] != _NOTHING else None


def typed_recovery_code(refusal: Refusal | None = None) -> str:
    """Return the recovery code as it was entered, to show it again.

    Empty for anything that may be a code or a right recovery code, see `answers.kept`.
    """
    return answers.kept(typed("code") or "", wrong=isinstance(refusal, RecoveryWrong))


def asked_texts(name: str) -> list[str]:
    """Return all values of a query parameter that fit (`core.bounds`)."""
    values = request.args.getlist(name)
    return [value for value in values[: bounds.FIELDS] if bounds.fits(name, value)]


def asked(name: str) -> str:
    """Return a query parameter, empty if it is missing or does not fit (`core.bounds`)."""
    value = request.args.get(name, "")
    return value if bounds.fits(name, value) else ""


def sent(name: str) -> bool:
    """Return whether the field was sent at all, even if empty."""
    return name in (_json() if request.is_json else request.form)


def csrf_field() -> str:
    """Return the name of the host's CSRF field."""
    return str(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"))


def csrf_token() -> str:
    """Return a CSRF token of this session, made by Flask-WTF."""
    from flask_wtf.csrf import generate_csrf

    return str(generate_csrf())


def csrf_headers() -> Sequence[str]:
    """Return the names of the headers that may carry a CSRF token."""
    found: Sequence[str] = current_app.config.get("WTF_CSRF_HEADERS") or _CSRF_HEADERS
    return found


class ProgramCSRFError(BadRequest):
    """A CSRF failure that is answered as JSON, even if the host has a page for it."""


def check_csrf() -> None:
    """Check the CSRF token of a request to one of the blueprint's own pages.

    The host's `CSRFProtect` may have checked it already; a second check does no harm.

    Raises:
        CSRFError, ProgramCSRFError: missing, wrong or expired (status 400).
    """
    from flask_wtf.csrf import CSRFError, validate_csrf
    from wtforms import ValidationError

    if not current_app.config.get("WTF_CSRF_ENABLED", True):
        return
    field = csrf_field()
    try:
        token = text(field)
    except MalformedCode:
        token = ""
    try:
        validate_csrf(token or _csrf_in_headers(field))
    except ValidationError as error:
        if request.endpoint in _GOES_ON and is_same_origin():
            return
        failure = ProgramCSRFError if wants_json() else CSRFError
        raise failure(str(error.args[0])) from None


def _csrf_in_headers(field: str) -> str:
    """Return the first CSRF token in the headers, empty if there is none or it does not fit."""
    sent = [request.headers.get(header, "") for header in csrf_headers()]
    token = next(filter(None, sent), "")
    return token if bounds.fits(field, token) else ""


def is_same_origin() -> bool:
    """Return whether the browser says that a page of this origin sent the request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site in ("same-origin", "same-site", "cross-site"):
        return site == "same-origin"
    told = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return f"{told}/".startswith(request.host_url)


def refuse_cross_site() -> None:
    """Refuse codes that another site sends in the person's name, whatever the host checks.

    Raises:
        CrossSite: the browser says that another site sent the request.
    """
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise CrossSite("cross-site")
