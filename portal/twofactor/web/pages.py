"""What the blueprint's own pages have in common: who is asking, and how a refusal is shown."""

import logging
from typing import Any

from flask import flash, jsonify, make_response, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ..core.errors import (
    NameUnusable,
    NewPasswordNeeded,
    PasswordHeld,
    PasswordRefused,
    PasswordsDiffer,
    PasswordWrong,
    Refusal,
    Unavailable,
)
from ..language import moment
from ..service import tickets
from ..state import State
from . import marks, navigation
from .challenge import countdown, error_object, retry_after, status_of
from .forms import csrf_token, wants_json
from .words import sentence, sheet_text

log = logging.getLogger(__name__)


def password_given(state: State, user_id: str) -> None:
    """Remember in this session that the password was given just now.

    It comes after something that is done already, so it must not make that look undone.
    """
    try:
        proof = tickets.leave_password_proof(state.kit, user_id)
    except Unavailable:
        log.warning("a given password could not be noted: it will be asked again")
    else:
        marks.put(tickets.PASSWORD, proof)


def page(template: str, status: int = 200, **context: Any) -> Response:
    """A page of the blueprint."""
    return make_response(render_template(f"twofactor/{template}", **context), status)


def sheet(state: State, recovery_code: str) -> dict[str, Any]:
    """What the recovery sheet of the signed-in user says."""
    issuer, name = state.kit.settings.issuer, state.host.account_name(current_user)
    at = state.kit.clock()
    return {
        "recovery_code": recovery_code,
        "issuer": issuer,
        "account_name": name,
        "today": moment(at),
        "sheet_text": sheet_text(issuer, name, at, recovery_code),
    }


def refused(state: State, refusal: Refusal, template: str, **context: Any) -> Response:
    """The page again, with the sentence of the refusal; JSON clients get the error object."""
    area = state.kit.areas.get(refusal.area) if refusal.area else None
    status = status_of(refusal)
    response: Response
    if wants_json():
        response = make_response(jsonify(error_object(refusal, area)), status)
    else:
        error = sentence(refusal, state.kit.clock())
        at, wait = field_of(refusal), countdown(refusal)
        response = page(template, status, error=error, at=at, wait=wait, **context)
    if status == 429:
        response.headers["Retry-After"] = str(retry_after(refusal))
    return response


def field_of(refusal: Refusal) -> str:
    """The name of the field that a refusal is about."""
    if isinstance(refusal, PasswordWrong | PasswordHeld):
        return "password"
    if isinstance(refusal, NewPasswordNeeded | PasswordsDiffer | PasswordRefused):
        return "new-password"
    return "name" if isinstance(refusal, NameUnusable) else "code"


def done(message: str, url: str | None = None, **facts: Any) -> Response:
    """Lead on with a message; JSON clients get the facts.

    They get the CSRF token, too: the session may have been renewed, which makes older ones void.
    """
    if wants_json():
        token = csrf_token()
        return make_response(jsonify({"message": message, "csrf_token": token, **facts}))
    if url is not None:
        flash(message)
        return navigation.see_other(url)
    marks.say(message)
    return navigation.see_other(url_for("twofactor.preferences"))


def needed(*fields: str, **facts: Any) -> Response:
    """What a program has to send: the names of the fields; none when nothing need be sent."""
    body = {"needed": list(fields), "csrf_token": csrf_token(), **facts}
    return make_response(jsonify(body))
