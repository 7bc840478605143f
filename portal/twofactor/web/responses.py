"""Responses of the blueprint's own pages, for people and for programs."""

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flask import flash, jsonify, make_response, url_for
from werkzeug.wrappers import Response

from ..app.state import State
from ..core.enrolment_errors import NoArea, NotSaved, ReauthenticationRequired
from ..core.errors import (
    NameUnusable,
    NewPasswordNeeded,
    PasswordHeld,
    PasswordRefused,
    PasswordsDiffer,
    PasswordWrong,
    Refusal,
    Unavailable,
    UnknownArea,
)
from ..core.help_desk import HelpRefusal
from ..core.passkey_errors import PasskeyRefusal
from ..service import passwords, tickets
from . import navigation, session_marks
from .challenge import countdown, error_object, retry_after, status_of
from .looks.rendering import render
from .origin import csrf
from .passkeys.sentences import is_unused
from .requests import from_dialog, wants_json
from .sentences import sentence
from .sheet import facts, pdf

log = logging.getLogger("flask_twofactor.web")


def password_given(state: State, user_id: str) -> None:
    """Record in this session that the password was given just now.

    The action before it is done already, so a failure here is only logged.
    """
    try:
        proof = passwords.leave_password_proof(state.kit, user_id)
    except Unavailable:
        log.warning("a given password could not be noted: it will be asked again")
    else:
        session_marks.put(tickets.PASSWORD, proof)


def either(page: Callable[[], Response], program: Callable[[], Response]) -> Response:
    """Return the answer for a program if the client wants JSON, otherwise the page for a person.

    Views decide the same for both; only the form of the answer differs.
    """
    return program() if wants_json() else page()


def page(template: str, status: int = 200, **context: Any) -> Response:
    """Return a page of the blueprint."""
    return make_response(render(template, **context), status)


def as_json(body: Mapping[str, Any], status: int = 200) -> Response:
    """Return a JSON object for a program."""
    return make_response(jsonify(body), status)


def form(
    template: str, *fields: str, facts: Mapping[str, Any] = MappingProxyType({}), **context: Any
) -> Response:
    """Return a page with a form; a program gets the names of its fields.

    Args:
        template: of the page.
        fields: names of the fields that have to be sent; none if nothing has to be.
        facts: further values for a program.
        context: of the template.
    """
    return either(lambda: page(template, **context), lambda: needed(*fields, **facts))


def sheet(
    state: State, recovery_code: str, pdf_endpoint: str, *, by_passkey: bool
) -> dict[str, Any]:
    """Return the context of `_recovery_sheet.html`.

    Args:
        state: of the application.
        recovery_code: the signed-in user's new recovery code.
        pdf_endpoint: of the PDF file; if none can be made, none is offered.
        by_passkey: whether the account answers with passkeys alone.
    """
    shown = facts.of_user(state, recovery_code, by_passkey=by_passkey)
    is_possible = pdf.is_possible(shown, state.host.pdf_fonts)
    return {
        "sheet": shown,
        "sheet_pdf": url_for(pdf_endpoint) if is_possible else None,
        "issuer": shown.issuer,
        "account_name": shown.account,
    }


def refused(
    state: State,
    refusal: Refusal,
    template: str,
    *,
    facts: Mapping[str, Any] = MappingProxyType({}),
    **context: Any,
) -> Response:
    """Return the page again with the sentence of the refusal; a program gets the error object.

    Args:
        state: of the application.
        refusal: the reason.
        template: of the page.
        facts: further values for a program.
        context: of the template.
    """
    area = state.area_of(refusal)
    status = status_of(refusal)
    if (use := context.get("use")) is not None and not use.codes:
        refusal.has_app = False

    def again() -> Response:
        error = sentence(refusal, state.kit.clock())
        at, wait = field_of(refusal), countdown(refusal)
        return page(template, status, error=error, at=at, wait=wait, **context)

    def told() -> Response:
        body = {**error_object(refusal, area), **facts}
        if isinstance(refusal, ReauthenticationRequired):
            body["reauthenticate"] = refusal.address
        return as_json(body, status)

    # The dialog stays open over the page if only its code was refused.
    in_dialog = from_dialog() and field_of(refusal) in ("code", "passkey")
    response = told() if in_dialog else either(again, told)
    if status == 429:
        response.headers["Retry-After"] = str(retry_after(refusal))
    return response


def turned_away(state: State, refusal: Refusal, *, say: bool = False) -> Response:
    """Redirect a person to the preferences if a page has nothing to show; refuse a program.

    Args:
        state: of the application.
        refusal: the reason.
        say: whether the preferences show the reason.
    """

    def leave() -> Response:
        if say:
            session_marks.say(sentence(refusal, state.kit.clock()))
        return navigation.see_other(url_for("twofactor.preferences"))

    return either(leave, lambda: refused(state, refusal, ""))


def field_of(refusal: Refusal) -> str:
    """Return the name of the field that a refusal is about."""
    if isinstance(refusal, PasswordWrong | PasswordHeld):
        return "password"
    if isinstance(refusal, NewPasswordNeeded | PasswordsDiffer | PasswordRefused):
        return "new-password"
    if isinstance(refusal, PasskeyRefusal) or is_unused(refusal):
        return "passkey"
    if isinstance(refusal, NoArea | UnknownArea):
        return "areas"
    if isinstance(refusal, ReauthenticationRequired):
        return "again"
    if isinstance(refusal, NotSaved):
        return "saved"
    if isinstance(refusal, HelpRefusal):
        return refusal.field
    return "name" if isinstance(refusal, NameUnusable) else "code"


def start_over(
    state: State, refusal: Refusal, next_url: str | None = None, *, category: str = "message"
) -> Response:
    """Redirect a person to the host's sign-in page with the reason; refuse a program.

    Args:
        state: of the application.
        refusal: the reason.
        next_url: address to go to after signing in.
        category: of the flashed reason.
    """

    def to_sign_in() -> Response:
        flash(sentence(refusal, state.kit.clock()), category)
        return navigation.to_sign_in(next_url)

    return either(to_sign_in, lambda: refused(state, refusal, "sign_in.html"))


def done(message: str, url: str | None = None, **facts: Any) -> Response:
    """Redirect with a message; JSON clients get the facts.

    They get the CSRF token, too, since older tokens are invalid if the session was renewed.
    """

    def lead_on() -> Response:
        if url is not None:
            flash(message)
            return navigation.see_other(url)
        session_marks.say(message)
        return navigation.see_other(url_for("twofactor.preferences"))

    return either(
        lead_on, lambda: as_json({"message": message, "csrf_token": csrf.token(), **facts})
    )


def needed(*fields: str, **facts: Any) -> Response:
    """Return the names of the fields that a program has to send; none if nothing has to be."""
    return as_json({"needed": list(fields), "csrf_token": csrf.token(), **facts})
