"""The check before each request: no second step, no way in, where the step is mandatory."""

from typing import Any, cast

import flask_login.signals
from flask import Flask, current_app, g, request, session
from flask_login import (
    current_user,
    logout_user,
    user_loaded_from_cookie,
    user_loaded_from_request,
    user_logged_in,
    user_logged_out,
)
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.areas import SIGN_IN
from ...core.enrolment_errors import SecondStepMissing
from ...core.policy import SAFE_METHODS
from .. import navigation, requests, responses, session_marks
from ..challenge import no_store
from ..pages import outstanding, sign_in
from ..undoing import ENDPOINTS
from . import stay

_OPEN = ENDPOINTS | {"twofactor.help"}


def install(app: Flask) -> None:
    """Check each request of an application, and each session that begins or ends."""
    app.before_request(hold)
    user_logged_in.connect(outstanding.on_login, app, weak=False)
    user_loaded_from_cookie.connect(outstanding.on_restored, app, weak=False)
    user_loaded_from_request.connect(_came_with_request, app, weak=False)
    # Flask-Login's older way, which a later version has no more.
    by_header = getattr(flask_login.signals, "_user_loaded_from_header", None)
    if by_header is not None:
        by_header.connect(_came_with_request, app, weak=False)
    user_logged_out.connect(_forget, app, weak=False)


def _came_with_request(_app: object, user: Any, **_facts: object) -> None:
    g._twofactor_came_with_request = user


def _forget(_app: object, user: Any = None, **_facts: object) -> None:
    session_marks.forget()
    outstanding.forget()
    if user is not None and user.is_authenticated:
        stay.end(current_state(), user)


def hold() -> Response | None:
    """Ask a session without the second step for it; refuse a user who comes with each request.

    Raises:
        EnrolmentRequired: as `outstanding.hold`.
    """
    state = current_state()
    if not outstanding.is_possible(state):
        return None
    requests.refuse_bad_host()
    if (held := outstanding.hold()) is not None:
        return held
    endpoint = request.endpoint or ""
    if outstanding.is_open(state, endpoint) or endpoint in _OPEN:
        return None
    if "_login_user" not in g and _loads_from_requests():
        current_user.is_authenticated  # noqa: B018 - Flask-Login loads the user, and says so
    if (user := g.get("_twofactor_came_with_request")) is not None:
        return _refused(state, user)
    return _asked(state) if outstanding.lacks_answer() else None


def _loads_from_requests() -> bool:
    manager: Any = cast(Any, current_app).login_manager
    return any(getattr(manager, f"_{name}_callback", None) for name in ("request", "header"))


def _refused(state: State, user: Any) -> Response | None:
    if not outstanding.is_mandatory(state, user):
        return None
    user_id = state.host.user_key(user)
    if outstanding.has_passed(user_id):
        return None
    refusal = SecondStepMissing("no second step", area=SIGN_IN, user_id=user_id)
    back = navigation.sign_in_url()
    return no_store(responses.refused(state, refusal, "sign_in_refused.html", back=back))


def _asked(state: State) -> Response | None:
    user = current_user._get_current_object()
    if not user.is_authenticated or not outstanding.is_mandatory(state, user):
        outstanding.clear()
        return None
    if state.kit.store.account(state.host.user_key(user)) is None:
        outstanding.look(state, user)
        return outstanding.hold()
    next_url = navigation.here() if request.method in SAFE_METHODS else None
    stays = stay.is_asked()
    logout_user()
    response = sign_in.begin(user, stays, next_url, by_password=False)
    if stays and not current_user.is_authenticated:
        # The cookie would restore the session, which ends the sign-in that waits.
        session["_remember"] = "clear"
    return no_store(response)
