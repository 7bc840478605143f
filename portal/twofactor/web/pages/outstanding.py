"""Sessions that may only set up a mandatory second factor, give its answer, or sign out.

The marks are set when such a session begins, so that the check at each request costs no SQL
statement; or at its first request here, if it began otherwise, e.g. before this area was mandatory
or under an earlier version.
"""

import logging
from typing import Any

from flask import g, request, session, url_for
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.areas import SIGN_IN
from ...core.enrolment_errors import EnrolledElsewhere
from ...core.errors import EnrolmentRequired, Unavailable
from ...core.policy import SAFE_METHODS
from .. import navigation, responses, session_marks, subjects
from ..challenge import no_store
from ..door import stay
from ..requests import wants_json
from ..undoing import ENDPOINTS

log = logging.getLogger("flask_twofactor.web")

_MARK = "_twofactor_enrol"
# Of a session that has given no answer of a second factor, and of one that has: its user.
_DOOR = "_twofactor_door"
_PASSED = "_twofactor_passed"
# Of each session that was looked at: its `_user_id` then.
_SEEN = "_twofactor_seen"
_WIZARD = ENDPOINTS | {
    *("twofactor.activate", "twofactor.activate_submit", "twofactor.activate_pdf"),
    "twofactor.help",
}
_SIGN_OUT = frozenset({"logout", "log_out", "logoff", "signout", "sign_out"})


def on_login(_app: object, user: Any, **_facts: object) -> None:
    """Check a session that Flask-Login has begun."""
    look(current_state(), user)


def on_restored(_app: object, user: Any, **_facts: object) -> None:
    """Check a session that Flask-Login has restored from its remember cookie."""
    state = current_state()
    if is_possible(state) and is_mandatory(state, user) and stay.is_kept(state, user):
        passed(state.host.user_key(user))
    look(state, user)


def know(user_id: str, *, enrolled: bool) -> None:
    """Record for this request whether a user has a second factor, so that `look` need not ask."""
    g._twofactor_enrolled = (user_id, enrolled)


def passed(user_id: str) -> None:
    """Record for this request that a user has passed a second step."""
    g._twofactor_passed = user_id


def has_passed(user_id: str) -> bool:
    """Return whether a user has passed a second step in this request or this session."""
    tag = subjects.known_tag(user_id)
    return g.get("_twofactor_passed") == user_id or session.get(_PASSED) == tag


def look(state: State, user: Any) -> None:
    """Mark this session if its user must set up or answer a second factor first.

    Otherwise the marks are removed.
    """
    if not is_possible(state):
        return
    # Marked first, so that the session stays restricted if anything below fails.
    session[_MARK] = True
    session[_SEEN] = session.get("_user_id")
    if not is_mandatory(state, user):
        clear()
    elif not _has_none(state, user):
        settle(state, user)


def settle(state: State, user: Any) -> None:
    """Let a session with a second factor go on if its answer was given, else hold it."""
    user_id = state.host.user_key(user)
    if has_passed(user_id):
        clear()
        session[_PASSED] = subjects.known_tag(user_id)
    else:
        session[_DOOR] = True
        session.pop(_MARK, None)


def activated(state: State, user: Any) -> None:
    """Let a session go on that has set up the second factor, with its first answer."""
    clear()
    if is_possible(state):
        passed(state.host.user_key(user))
        settle(state, user)


def clear() -> None:
    """Remove the marks: nothing is outstanding."""
    session.pop(_MARK, None)
    session.pop(_DOOR, None)


def forget() -> None:
    """Remove all marks, when the person signs out."""
    clear()
    session.pop(_PASSED, None)
    session.pop(_SEEN, None)


def lacks_answer() -> bool:
    """Return whether this session has begun without an answer that it needs."""
    return _DOOR in session


def is_marked() -> bool:
    """Return whether this session may do nothing but set up a second factor."""
    return _MARK in session


def hold() -> Response | None:
    """Redirect a marked session to the activation (a `before_request` of the application).

    Raises:
        EnrolmentRequired: the request wants JSON, or is not GET, HEAD or OPTIONS.
    """
    state = current_state()
    if not is_possible(state) or is_open(state, request.endpoint or ""):
        return None
    if _is_unseen() or (not is_marked() and _is_remembered()):
        # Flask-Login may restore the session now, which marks it.
        user = current_user._get_current_object()
        if user.is_authenticated and _is_unseen():
            look(state, user)
    if not is_marked() or request.endpoint in _WIZARD:
        return None
    user = current_user._get_current_object()
    if not user.is_authenticated or not is_mandatory(state, user):
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


def is_possible(state: State) -> bool:
    """Return whether the area "sign_in" is mandatory for anybody."""
    areas = state.kit.areas
    return SIGN_IN in areas and (
        areas.get(SIGN_IN).mandatory or state.host.mandatory_for is not None
    )


def is_mandatory(state: State, user: Any) -> bool:
    """Return whether the area "sign_in" is mandatory for a user."""
    return state.is_mandatory(state.kit.areas.get(SIGN_IN), user)


def _has_none(state: State, user: Any) -> bool:
    user_id = state.host.user_key(user)
    known: tuple[str, bool] | None = g.get("_twofactor_enrolled")
    if known is not None and known[0] == user_id:
        return not known[1]
    try:
        return state.kit.store.account(user_id) is None
    except Unavailable:
        session.pop(_SEEN, None)  # the next request looks again
        log.warning("whether a second factor is there could not be read: the session is held")
        return True


def is_open(state: State, endpoint: str) -> bool:
    """Return whether a marked session may use an endpoint (static files, signing out)."""
    name = endpoint.rpartition(".")[2]
    if name == "static":
        return True
    named = state.kit.settings.sign_out
    return name in _SIGN_OUT if named is None else endpoint in named


def _is_unseen() -> bool:
    """Return whether the session has a user, and was never looked at with this one."""
    return "_user_id" in session and session.get(_SEEN) != session["_user_id"]


def _is_remembered() -> bool:
    """Return whether Flask-Login may restore the session, which it does for `current_user`."""
    return stay.is_asked() and "_login_user" not in g
