"""Readers of submitted fields: one value per name, from a form or JSON, never from the query.

Each text is checked against its bounds here, before it is used (`core.bounds`).
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from flask import Request, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from ..app.state import current_state
from ..core import answers, bounds
from ..core.enrolment_errors import NotSaved
from ..core.errors import (
    ChallengeRequired,
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
# The verdict of `wants_json` on this request.
_FOR_PROGRAM = "twofactor.wants_json"
_FORM = "application/x-www-form-urlencoded"
_PASSWORDS = frozenset({"password", "new_password", "repeat_password"})
# The page that a challenge's form is taken along to, sealed for its own address.
CARRIES_A_FORM = "twofactor.deactivate_submit"
# The page that makes a challenge gets the sealed form of the page that asks, too.
ASKS_FOR_A_PASSKEY = "twofactor.passkey"
# Pages that get a new passkey, which may be long.
TAKES_A_PASSKEY = frozenset({"twofactor.activate_submit", "twofactor.authenticator_add"})
# The address of a form that is taken along to another page.
TAKEN_ALONG = "twofactor_for"
# A text that is no key or name of anything.
_NOTHING = "\0"


class UnreadableBody(BadRequest):
    """JSON that can't be parsed; answered as JSON, since only programs send it."""


def bound_request() -> None:
    """Limit the size and number of fields of this request, before its form is read.

    Raises:
        RequestEntityTooLarge: more fields than any page has.
    """
    current = this_request()
    most, endpoint = bounds.BODY, current.endpoint
    if endpoint in TAKES_A_PASSKEY and state_has_passkeys():
        most = bounds.PASSKEY_BODY
    is_carried = endpoint == CARRIES_A_FORM and asked("kept")
    if is_carried or endpoint == ASKS_FOR_A_PASSKEY:
        # The form was within the host's limit before, and it was sealed within it.
        most = max(most, current.max_form_memory_size or most)
    limit = min(most, current.max_content_length or most)
    current.max_content_length = current.max_form_memory_size = limit
    current.max_form_parts = bounds.FIELDS
    # The parser has no limit for these fields, so they are counted in the short body.
    if current.mimetype == _FORM and current.get_data().count(b"&") >= bounds.FIELDS:
        raise RequestEntityTooLarge


def form_of_host() -> ImmutableMultiDict[str, str]:
    """Return the form of this request ahead of the view, and leave the body to the view.

    Parsing uses up the stream. A view that checks a signature over the body, as webhooks want it,
    or that reads the stream would find nothing; and test clients send the same stream again where
    a redirect keeps the method.
    """
    current = this_request()
    stream = current.environ["wsgi.input"]
    start = stream.tell() if isinstance(stream, BytesIO) else 0
    body, form = current.get_data(), current.form
    if isinstance(stream, BytesIO):
        stream.seek(start)
    else:
        current.environ["wsgi.input"] = BytesIO(body)
    current.__dict__.pop("stream", None)
    return form


def state_has_passkeys() -> bool:
    """Return whether passkeys are used in this application."""
    return current_state().kit.settings.relying_party is not None


def refuse_bad_host() -> None:
    """Answer a request as Flask will if its Host is no name: no address can be built for it.

    Raises:
        BadRequest: Flask's own.
    """
    error = this_request().routing_exception
    if isinstance(error, BadRequest):
        raise error


def wants_json() -> bool:
    """Return whether a program sends this request, which gets JSON (`wants_json` of `init_app`)."""
    current = this_request()
    verdict: bool | None = current.environ.get(_FOR_PROGRAM)
    if verdict is None:
        verdict = current.environ[_FOR_PROGRAM] = current_state().host.wants_json(current)
    return verdict


def this_request() -> Request:
    """Return the request itself; Flask's proxy looks it up at each access."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]  # a method of the proxy, which its type hides
    return found


def checking(current: Request | None = None) -> bool:
    """Return whether a request only asks what is wrong with its form, see `TwoFactor.checking`.

    The header is ignored where nothing is sent (GET, HEAD, OPTIONS).
    """
    current = current or this_request()
    return current.environ.get(CHECK_HEADER) == "1" and current.method not in SAFE_METHODS


def from_dialog() -> bool:
    """Return whether the script of the dialog has sent this request."""
    return this_request().environ.get(DIALOG_HEADER) == "1"


def guarded_values(name: str) -> list[Any]:
    """Return the values of a field of a guarded request, in its form or at the top of its JSON."""
    current = this_request()
    if not current.is_json:
        return list(current.form.getlist(name))
    try:
        body = _json()
    except UnreadableBody:
        # The host's view reads the body itself, and says what is wrong with it.
        return []
    return [] if body.get(name) is None else [body[name]]


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
    current = this_request()
    values: list[Any] = []
    for each in _names(name):
        if current.is_json:
            values += [_json()[each]] if each in _json() else []
        else:
            values += current.form.getlist(each)
    if not values:
        return ""
    if len(values) > 1 or not isinstance(values[0], str):
        raise MalformedCode("not one text")
    if not bounds.fits(name, values[0]):
        raise _unfit(name)
    return values[0]


def _names(name: str) -> tuple[str, ...]:
    """Return the names of a field: a code may have the same name as beside a guarded request.

    A form that is taken along has that field for the request it comes from, not for this one.
    """
    current = this_request()
    is_alike = name == "code" and (current.is_json or TAKEN_ALONG not in current.form)
    return (name, "twofactor_code") if is_alike else (name,)


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
    current = this_request()
    values: list[Any] = []
    for each in _names(name):
        if current.is_json:
            value = _json().get(each, [])
            values += value if isinstance(value, list) else [value]
        else:
            values += current.form.getlist(each)
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


def is_too_long(name: str) -> bool:
    """Return whether a text of a field is longer than the field allows (`core.bounds`)."""
    current = this_request()
    sent_ones = [_json().get(name)] if current.is_json else current.form.getlist(name)
    return any(isinstance(each, str) and len(each) > bounds.longest(name) for each in sent_ones)


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
    current = this_request()
    fields = _json() if current.is_json else current.form
    return any(each in fields for each in _names(name))
