"""The guard's memory: of one request, and passes for a retry without a new code (DESIGN, Guard 4).

A pass depends on what the view answered and said, never on what the client says it accepts.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Flask, g, request
from werkzeug.wrappers import Response

from ..app.state import State, current_state
from ..core.errors import Refusal, Unavailable
from ..core.policy import SAFE_METHODS
from ..core.records import Glance, Ticket
from ..service import tickets
from ..service.tickets import Deed, Grant
from . import continuation, navigation, session_marks
from .continuation import Continuation

_FORM = "application/x-www-form-urlencoded"
# Of an area and a user.
Key = tuple[str, str]


class Asked:
    """It lives in `g`, no longer than the request."""

    def __init__(self) -> None:
        self.glances: dict[Key, Glance] = {}
        self.granted: dict[Key, Grant] = {}
        # Read before the view, which may change or remove the user.
        self.credentials: dict[Key, str] = {}
        self.came_back: set[Key] = set()
        self.again: set[Key] = set()
        self.codes: set[str] | None = None
        self.carried: Continuation | None = None
        self.executed = False
        self.raised = False
        self.refused = False

    @property
    def family(self) -> str | None:
        """The id that the next challenge page takes over: of a form that was not executed yet.

        So the pages of one form's wrong codes are one continuation: any of them can be executed,
        and then none of the others.
        """
        return None if self.carried is None or self.executed else self.carried.id

    @property
    def lost(self) -> str:
        """What of the carried form could not be carried."""
        return "" if self.carried is None else self.carried.lost


def of_request() -> Asked:
    """The one of this request."""
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
    if request.method in SAFE_METHODS or request.mimetype != _FORM:
        return
    tokens = request.form.getlist(continuation.FIELD)
    if not tokens:
        return
    state, asked = current_state(), of_request()
    asked.codes = continuation.codes()
    asked.carried = continuation.unseal(state, tokens[0])
    continuation.restore(asked.carried)


def watch(app: Flask) -> None:
    """Note when a view raises: then its answer is an error handler's, whatever the status.

    A view may have done its deed before it broke down, so nothing is left of the code. Flask has
    a signal for the exceptions that nobody handles alone.
    """
    dispatch: Callable[..., Any] = app.dispatch_request

    @wraps(dispatch)
    def dispatch_request(*args: Any, **kwargs: Any) -> Any:
        try:
            return dispatch(*args, **kwargs)
        except Exception as error:
            asked = g.get("_twofactor")
            if asked is not None:
                asked.raised, asked.refused = True, isinstance(error, Refusal)
            raise

    app.dispatch_request = dispatch_request  # type: ignore[method-assign]


log = logging.getLogger(__name__)

# Answers that say that the form is refused: whoever gives them has done nothing.
FORM_REFUSED = frozenset({400, 409, 422})


def bound(credential: str) -> tuple[str, ...]:
    """Return what a pass is bound to: method, address and credential.

    A page that shows the form asks about the POST that it will be sent with.
    """
    method = "POST" if request.method in SAFE_METHODS else request.method
    return method, navigation.here(), credential


def take(state: State, key: Key, once: Ticket | None, deed: Deed | None) -> Grant | None:
    """Use the session's pass up; `once` and `deed` as `tickets.take_pass` has them."""
    area, user_id = key
    mark = session_marks.get(tickets.PASS, area)
    if mark is None:
        return None
    session_marks.drop(tickets.PASS, area)
    binds = bound(of_request().credentials[key])
    return tickets.take_pass(state.kit, mark, user_id, area, binds, once, deed)


def leave(state: State, key: Key, grant: Grant) -> bool:
    """Leave a pass in this session, if the code allows one more; whether it was left."""
    if not grant.is_good(state.kit.clock()):
        return False
    area, user_id = key
    binds = bound(of_request().credentials[key])
    try:
        ticket_id = tickets.leave_pass(state.kit, user_id, area, grant, binds)
    except Unavailable:
        log.warning("a pass could not be kept: a further code will be asked")
        return False
    session_marks.put(tickets.PASS, ticket_id, area)
    return True


def keep(state: State, key: Key) -> None:
    """Leave a pass because an inner guard asks as well: this one's code was not in vain."""
    _settle(state, of_request(), key, leaves=True)


def after(state: State, key: Key, response: Response) -> None:
    """Leave a pass if the view gave its form back; otherwise its code is used up."""
    asked = of_request()
    _settle(state, asked, key, leaves=gave_form_back(asked, key, response.status_code))


def gave_form_back(asked: Asked, key: Key, status: int) -> bool:
    """Return whether a view's answer was its form, so that nothing was done.

    Args:
        asked: of the request.
        key: area and user.
        status: of the answer.
    """
    if status >= 500:
        return False
    if key in asked.again or status in FORM_REFUSED:
        return True
    return status < 300 and key in asked.came_back


def _settle(state: State, asked: Asked, key: Key, *, leaves: bool) -> None:
    """The end of what a code allows in this request; a page still being streamed asks anew."""
    if not (leaves and leave(state, key, asked.granted[key])):
        asked.granted[key] = tickets.NOTHING
