"""The cookie beside a remember cookie; only the server's ticket says that the answer was given."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import after_this_request, current_app, request
from flask_login import COOKIE_DURATION, COOKIE_NAME
from werkzeug.wrappers import Response

from ...app.state import State
from ...core import bounds
from ...core.areas import SIGN_IN
from ...core.errors import Unavailable
from ...service.sign_in import staying
from .. import subjects

log = logging.getLogger("flask_twofactor.web")

_NAME = "twofactor_stay"


def is_asked() -> bool:
    """Return whether this request has a remember cookie of Flask-Login."""
    return current_app.config.get("REMEMBER_COOKIE_NAME", COOKIE_NAME) in request.cookies


def keep(state: State, user: Any, has_passed: Callable[[str], bool]) -> None:
    """Let this browser stay signed in without a code, if its user has passed the second step.

    Nothing is kept for users for whom the area "sign_in" is not mandatory: none is asked of them.
    Without the database the sign-in goes on all the same.
    """
    areas = state.kit.areas
    if SIGN_IN not in areas or not state.is_mandatory(areas.get(SIGN_IN), user):
        return
    who = subjects.subject(state, user)
    if not has_passed(who.user_id):
        return
    seconds = _seconds()
    try:
        ticket_id = staying.keep(state.kit, who, seconds)
    except Unavailable:
        log.warning("that a browser stays signed in could not be written: a code is asked later")
        return

    @after_this_request
    def send(response: Response) -> Response:
        subjects.send_cookie(response, _name(who.user_id), ticket_id, seconds)
        return response


def is_kept(state: State, user: Any) -> bool:
    """Return whether this browser may stay signed in without a code."""
    who = subjects.subject(state, user)
    ticket_id = _sent(who.user_id)
    try:
        return bool(ticket_id) and staying.is_kept(state.kit, who, ticket_id)
    except Unavailable:
        log.warning("whether a browser stays signed in could not be read: a code is asked")
        return False


def end(state: State, user: Any) -> None:
    """End this when the person signs out."""
    if not any(_NAME in name for name in request.cookies):
        return
    who = subjects.subject(state, user)
    if ticket_id := _sent(who.user_id):
        try:
            staying.end(state.kit, who, ticket_id)
        except Unavailable:
            log.warning("that a browser no longer stays signed in could not be written")


def _sent(user_id: str) -> str:
    value = request.cookies.get(_name(user_id), "")
    return value if bounds.fits(_NAME, value) else ""


def _name(user_id: str) -> str:
    name = f"{_NAME}_{subjects.known_tag(user_id)}"
    return f"__Host-{name}" if subjects.is_secure() else name


def _seconds() -> int:
    """Return how long Flask-Login's remember cookie lives."""
    found = current_app.config.get("REMEMBER_COOKIE_DURATION", COOKIE_DURATION)
    return int(found.total_seconds() if isinstance(found, timedelta) else found)
