"""The guard's memory of one request: what was granted, what was carried, how the view ended."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Flask, g, request

from ..core.errors import Refusal
from ..core.policy import SAFE_METHODS
from ..core.records import Glance
from ..service.tickets import Grant
from ..state import current_state
from . import continuation
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


def current() -> Asked:
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
    state, asked = current_state(), current()
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
