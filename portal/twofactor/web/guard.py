"""How a deed is protected: the decorator, the same inside a view, and what a code leaves behind."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, after_this_request, current_app, g, make_response, request
from flask_login import current_user
from werkzeug.wrappers import Response

from ..core import bounds, policy
from ..core.areas import Area
from ..core.errors import (
    ChallengeRequired,
    ContinuationBroken,
    EnrolmentRequired,
    MalformedCode,
    Refusal,
    Unavailable,
)
from ..core.policy import Verdict
from ..core.records import Glance
from ..service import tickets, verification
from ..state import State, current_state
from ..wiring import GUARD, WANTED, innermost
from . import continuation, marks, subjects
from .challenge import FormAgain, no_store
from .forms import refuse_cross_site, wants_json

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])

CODE_HEADER = "X-Twofactor-Code"
_FORM = "application/x-www-form-urlencoded"


class Asked:
    """What the guard knows of one request; it lives in `g`, no longer than the request."""

    def __init__(self) -> None:
        self.glances: dict[tuple[str, str], Glance] = {}
        self.granted: set[tuple[str, str]] = set()
        self.codes: set[str] | None = None
        self.carried: continuation.Continuation | None = None


def _asked() -> Asked:
    asked = g.get("_twofactor")
    if asked is None:
        asked = g._twofactor = Asked()
    return cast(Asked, asked)


def restore_form() -> None:
    """Put the original form back before the view sees the request (a `before_request`).

    Whose code was asked is compared by the guard: the link of a mail is for its own user, whoever
    is signed in.

    Raises:
        ContinuationBroken: it does not open here.
    """
    if request.method in policy.SAFE_METHODS or request.mimetype != _FORM:
        return
    tokens = request.form.getlist(continuation.FIELD)
    if not tokens:
        return
    state, asked = current_state(), _asked()
    asked.codes = _codes()
    asked.carried = continuation.unseal(state, tokens[0])
    continuation.restore(asked.carried)


def required(key: str) -> Callable[[View], View]:
    """A decorator that guards a view by the area of that key; it stands below the route."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            user = signed_in()
            if not user.is_authenticated:
                return _unauthorized()
            state = current_state()
            area = state.kit.areas.get(key)
            if not policy.guards_method(area, request.method):
                return current_app.ensure_sync(view)(*args, **kwargs)
            user_id = state.user_key(user)
            granted = check(state, area, user, user_id)
            try:
                response = make_response(current_app.ensure_sync(view)(*args, **kwargs))
            except Refusal:
                # Another guard inside the view asks: this one's code was not in vain.
                if granted:
                    _leave_pass(state, area, user_id)
                raise
            if granted:
                _after(state, area, user_id, response)
            return no_store(response)

        with suppress(AttributeError):  # a bound method takes no mark
            setattr(innermost(view), WANTED, key)
        setattr(guarded, GUARD, key)
        return cast(View, guarded)

    return decorate


def signed_in() -> Any:
    """The signed-in user as such: each look through Flask-Login's proxy finds it anew."""
    return current_user._get_current_object()


def _unauthorized() -> Any:
    """What the host answers to somebody who is not signed in; `LOGIN_DISABLED` changes nothing."""
    return cast(Any, current_app).login_manager.unauthorized()


def require(key: str, user: Any = None) -> None:
    """Ask for a code inside a view, just before the deed.

    Args:
        key: key of the area.
        user: whose code, if not the signed-in user's (a forgotten-password link has its own).

    Raises:
        Refusal: the deed must not happen; the application answers with the challenge.
    """
    state = current_state()
    area = state.kit.areas.get(key)
    if user is None:
        user = signed_in()
        if not user.is_authenticated:
            abort(make_response(_unauthorized()))
    if not policy.guards_method(area, request.method):
        return
    user_id = state.user_key(user)
    if check(state, area, user, user_id):

        @after_this_request
        def leave(response: Response) -> Response:
            _after(state, area, user_id, response)
            return no_store(response)


def check(state: State, area: Area, user: Any, user_id: str) -> bool:
    """Let the deed of this request happen, or refuse.

    Args:
        state: of the application.
        area: what is guarded.
        user: whose code.
        user_id: their key.

    Returns:
        Whether a code or a pass was used up for it: then a form that comes back leaves a pass.

    Raises:
        Refusal: the deed must not happen.
        Unavailable: nothing can be decided, so the deed must not happen.
    """
    asked = _asked()
    if (area.key, user_id) in asked.granted:
        return False
    try:
        if asked.carried is not None and asked.carried.user_id != user_id:
            raise ContinuationBroken("another user's")
        verdict = verdict_on(state, area, user, user_id, request.method)
        if verdict is Verdict.OPEN:
            return False
        if verdict is Verdict.ENROL:
            raise EnrolmentRequired(area.key)
        _ask(state, asked, area, user, user_id)
    except Refusal as refusal:
        refusal.area, refusal.user_id = area.key, user_id
        raise
    asked.granted.add((area.key, user_id))
    return area.guards == "deed"


def _ask(state: State, asked: Asked, area: Area, user: Any, user_id: str) -> None:
    """Take a pass, or judge the code of the request."""
    if area.guards == "deed" and _take_pass(state, area, user_id):
        return
    codes = _codes() if asked.codes is None else asked.codes
    asked.codes = set()
    if not codes:
        raise ChallengeRequired(area.key)
    if len(codes) > 1:
        raise MalformedCode("several codes")
    code = codes.pop()
    refuse_cross_site()
    subject = subjects.subject(state, user)
    if area.guards == "view":
        ticket_id = verification.open_view(state.kit, subject, code, area.key)
        marks.renew()
        marks.put(tickets.VIEW, ticket_id, area.key)
    else:
        verification.challenge(state.kit, subject, code, area.key)
    if asked.carried is not None and asked.carried.lost:
        if area.guards == "deed":
            _leave_pass(state, area, user_id)
        raise FormAgain(asked.carried.lost)


def glance(state: State, area: Area, user_id: str) -> Glance:
    """What the user chose, and whether a pass or an open view is there; read once a request."""
    glances = _asked().glances
    known = glances.get((area.key, user_id))
    if known is None:
        kind = tickets.VIEW if area.guards == "view" else tickets.PASS
        mark = marks.get(kind, area.key)
        hashed = tickets.digest(mark) if mark else None
        known = state.kit.store.glance(user_id, kind, area.key, hashed, state.kit.clock())
        glances[area.key, user_id] = known
    return known


def verdict_on(state: State, area: Area, user: Any, user_id: str, method: str) -> Verdict:
    """What the policy says of a request of this user."""
    seen = glance(state, area, user_id)
    return policy.decide(area, seen, method, mandatory=state.is_mandatory(area, user))


def will_ask(state: State, area: Area, user: Any) -> bool:
    """Whether a form on the present page will be asked for a code when it is sent."""
    user_id = state.user_key(user)
    if (area.key, user_id) in _asked().granted:
        return False  # the form that comes back leaves a pass
    if verdict_on(state, area, user, user_id, "POST") is not Verdict.ASK:
        return False
    return not glance(state, area, user_id).ticket


def _codes() -> set[str]:
    """The codes of this request, in the form and beside it: one, if it is as it should be.

    Of one that is too long there is left what shows that it is.
    """
    values = {*request.form.getlist(continuation.CODE_FIELD), *request.headers.getlist(CODE_HEADER)}
    cut = {value[: bounds.longest(continuation.CODE_FIELD) + 1] for value in values}
    return {value for value in cut if value.strip()}


def _take_pass(state: State, area: Area, user_id: str) -> bool:
    mark = marks.get(tickets.PASS, area.key)
    if mark is None or not glance(state, area, user_id).ticket:
        return False
    marks.drop(tickets.PASS, area.key)
    return tickets.take_pass(state.kit, mark, user_id, area.key)


def _leave_pass(state: State, area: Area, user_id: str) -> None:
    marks.put(tickets.PASS, tickets.leave_pass(state.kit, user_id, area.key), area.key)


def _after(state: State, area: Area, user_id: str, response: Response) -> None:
    """A view that came back with its own form leaves a pass; one that completed has used all up."""
    status = response.status_code
    completed = 300 <= status < 400 or (200 <= status < 300 and wants_json())
    if completed or status >= 500:
        return
    try:
        _leave_pass(state, area, user_id)
    except Unavailable:
        log.warning("a pass could not be kept: a further code will be asked")
