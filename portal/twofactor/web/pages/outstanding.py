"""Sessions that may only set up a mandatory second factor, or sign out.

The mark is set when such a session begins, in whatever way, so that the check at each request costs
no SQL statement.
"""

import logging
from typing import Any

from flask import current_app, g, request, session, url_for
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.areas import SIGN_IN
from ...core.enrolment_errors import EnrolledElsewhere
from ...core.errors import EnrolmentRequired, Unavailable
from ...core.policy import SAFE_METHODS
from .. import navigation, responses, session_marks
from ..challenge import no_store
from ..requests import wants_json
from ..undoing import ENDPOINTS

log = logging.getLogger("flask_twofactor.web")

_MARK = "_twofactor_enrol"
_WIZARD = ENDPOINTS | {
    *("twofactor.activate", "twofactor.activate_submit", "twofactor.activate_pdf"),
    "twofactor.help",
}
_SIGN_OUT = frozenset({"logout", "log_out", "logoff", "signout", "sign_out"})


def on_login(_app: object, user: Any, **_facts: object) -> None:
    """Check a session that Flask-Login has begun, or restored from its remember cookie."""
    look(current_state(), user)


def know(user_id: str, *, enrolled: bool) -> None:
    """Record for this request whether a user has a second factor, so that `look` need not ask."""
    g._twofactor_enrolled = (user_id, enrolled)


def look(state: State, user: Any) -> None:
    """Mark this session if its user must set up a second factor first, else remove the mark."""
    if not _is_possible(state):
        return
    # Marked first, so that the session stays restricted if anything below fails.
    session[_MARK] = True
    if not (_is_mandatory(state, user) and _has_none(state, user)):
        clear()


def clear() -> None:
    """Remove the mark: the second factor is set up."""
    session.pop(_MARK, None)


def is_marked() -> bool:
    """Return whether this session may do nothing but set up a second factor."""
    return _MARK in session


def hold() -> Response | None:
    """Redirect a marked session to the activation (a `before_request` of the application).

    Raises:
        EnrolmentRequired: the request wants JSON, or is not GET, HEAD or OPTIONS.
    """
    state = current_state()
    if not _is_possible(state) or _is_open(state, request.endpoint or ""):
        return None
    if not is_marked() and _is_remembered():
        current_user.is_authenticated  # noqa: B018 - Flask-Login restores the session, which marks it
    if not is_marked() or request.endpoint in _WIZARD:
        return None
    user = current_user._get_current_object()
    if not user.is_authenticated or not _is_mandatory(state, user):
        clear()
        return None
    if state.kit.store.account(state.host.user_key(user)) is not None:
        return enrolled_elsewhere(state)
    if wants_json() or request.method not in SAFE_METHODS:
        raise EnrolmentRequired("a second factor is mandatory", area=SIGN_IN)
    target = navigation.inside(navigation.here())
    return no_store(navigation.see_other(url_for("twofactor.activate", next=target)))


def enrolled_elsewhere(state: State) -> Response:
    """Sign out a session that has given no code of its user's new second factor."""
    session_marks.renew(empty=True)
    logout_user()
    refusal = EnrolledElsewhere("enrolled elsewhere")
    return no_store(responses.start_over(state, refusal))


def _is_possible(state: State) -> bool:
    areas = state.kit.areas
    return SIGN_IN in areas and (
        areas.get(SIGN_IN).mandatory or state.host.mandatory_for is not None
    )


def _is_mandatory(state: State, user: Any) -> bool:
    return state.is_mandatory(state.kit.areas.get(SIGN_IN), user)


def _has_none(state: State, user: Any) -> bool:
    user_id = state.host.user_key(user)
    known: tuple[str, bool] | None = g.get("_twofactor_enrolled")
    if known is not None and known[0] == user_id:
        return not known[1]
    try:
        return state.kit.store.account(user_id) is None
    except Unavailable:
        # The mark makes the next request check again.
        log.warning("whether a second factor is there could not be read: the session is held")
        return True


def _is_open(state: State, endpoint: str) -> bool:
    """Return whether a marked session may use an endpoint (static files, signing out)."""
    name = endpoint.rpartition(".")[2]
    if name == "static":
        return True
    named = state.kit.settings.sign_out
    return name in _SIGN_OUT if named is None else endpoint in named


def _is_remembered() -> bool:
    """Return whether Flask-Login may restore the session, which it does for `current_user`."""
    name = current_app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
    return name in request.cookies and "_login_user" not in g
