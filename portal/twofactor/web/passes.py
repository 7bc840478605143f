"""The guard's state in a request, and passes for a retry without a new code (DESIGN, Guard 4).

A pass depends on the view's response and its calls, never on the client's `Accept` header.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Flask, g, request
from werkzeug.wrappers import Response

from ..app.state import State, current_state
from ..core.errors import About, Refusal, Unavailable
from ..core.policy import SAFE_METHODS
from ..core.records import Account, Glance, Ticket
from ..methods import registry
from ..service import tickets
from ..service.tickets import Deed, Grant
from . import continuation, navigation, requests, session_marks
from .continuation import Continuation
from .passkeys import given
from .requests import checking

_FORM = "application/x-www-form-urlencoded"
# Mark of a request whose sealed form was looked for.
_LOOKED = "twofactor.restored"
# Returns what exactly a code confirms.
Says = Callable[[], object]
# Key of an area, and key of a user.
Key = tuple[str, str]


class Asked:
    """The guard's state in one request, kept in `g`."""

    def __init__(self) -> None:
        self.glances: dict[Key, Glance] = {}
        self.granted: dict[Key, Grant] = {}
        # Summaries of the questions that this request had to answer.
        self.shown: dict[Key, str] = {}
        # Read before the view, which may change or remove the user.
        self.credentials: dict[Key, str] = {}
        self.came_back: set[Key] = set()
        self.again: set[Key] = set()
        self.codes: set[str] | None = None
        self.passkeys: set[str] | None = None
        # Read for what a refusal shows.
        self.accounts: dict[str, Account | None] = {}
        # The sealed form that this request carries.
        self.token = ""
        self.carried: Continuation | None = None
        # The same while a guard looks that did not ask for it (`help_desk.blueprint`).
        self.aside: Continuation | None = None
        self.back = ""
        self.executed = False
        # See `guard.require`; set while the challenge takes the recovery code.
        self.recovery: Callable[[], object] | None = None
        self.recovered = False
        # The answer of this request as it was typed.
        self.typed = ""
        # The question of the guard that asks now.
        self.about = About("")
        self.says: Says | None = None
        # The areas whose demand of a passkey this request takes away (`areas.Difference.freed`).
        self.eased: frozenset[str] = frozenset()
        self.raised = False
        self.refused = False

    @property
    def family(self) -> str | None:
        """Return the id of the carried form for the next challenge page, `None` once executed.

        All challenge pages of a form share it, so only one of them can be executed.
        """
        return None if self.carried is None or self.executed else self.carried.id

    def is_on(self, key: Key) -> bool:
        """Return whether the user has a second factor, as far as a guard has looked."""
        seen = self.glances.get(key)
        return seen is None or seen.areas is not None

    def fresh_in(self, key: Key, now: float) -> int:
        """Return the seconds until the user can have a code that was not used (`registry`)."""
        seen = self.glances.get(key)
        return registry.fresh_in(seen.used, now) if seen else 0

    @property
    def lost(self) -> str:
        """Return the part of the carried form that was left out."""
        return "" if self.carried is None else self.carried.lost


def of_request() -> Asked:
    """Return the guard's state of this request."""
    # Past the proxy, since all that the guard does asks for this.
    here = g._get_current_object()
    asked = here.get("_twofactor")
    if asked is None:
        asked = here._twofactor = Asked()
    return cast(Asked, asked)


def with_form() -> Asked:
    """Return the guard's state, with the original form put back.

    A hook of the host may guard before the hook that puts it back.
    """
    if _LOOKED not in requests.this_request().environ:
        restore_form()
    return of_request()


def restore_form() -> Continuation | None:
    """Put the original form back before the view sees the request, and return it.

    The guard compares the user who was asked, since a link in a mail is for its own user even if
    somebody else is signed in. A check restores nothing: its page shows what it was sent.

    Raises:
        ContinuationBroken: it can't be opened for this request.
    """
    sent = requests.this_request()
    sent.environ[_LOOKED] = True
    if sent.method in SAFE_METHODS or sent.mimetype != _FORM or checking(sent):
        return None
    if sent.endpoint in (requests.CARRIES_A_FORM, requests.ASKS_FOR_A_PASSKEY):
        return None
    tokens = requests.form_of_host().getlist(continuation.FIELD)
    if not tokens:
        return None
    state, asked = current_state(), of_request()
    # Read now, since the original form has neither.
    asked.codes = continuation.codes()
    asked.passkeys = given.texts() if requests.state_has_passkeys() else set()
    asked.token = tokens[0]
    asked.back = sent.form.get(continuation.BACK_FIELD, "")
    asked.carried = continuation.unseal(state, tokens[0])
    continuation.restore(asked.carried)
    return asked.carried


class _Watch:
    """Records that a view raised; a decorator above it may make an answer of the exception."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        asked = g.get("_twofactor") if isinstance(error, Exception) else None
        if asked is not None:
            asked.raised, asked.refused = True, isinstance(error, Refusal)


WATCH = _Watch()


def watch(app: Flask) -> None:
    """Record when a view raises, since an error handler then makes the response.

    The view may have acted before it raised, so the code leaves no pass. Flask's signal only covers
    exceptions that no handler catches.
    """
    dispatch: Callable[..., Any] = app.dispatch_request

    @wraps(dispatch)
    def dispatch_request(*args: Any, **kwargs: Any) -> Any:
        with WATCH:
            return dispatch(*args, **kwargs)

    # Flask has no hook around a view; the method is replaced on this one application.
    app.dispatch_request = dispatch_request  # type: ignore[method-assign]  # mypy sees a method


log = logging.getLogger("flask_twofactor.web")

# Statuses that refuse a form. A view that returns them has done nothing.
FORM_REFUSED = frozenset({400, 409, 422})


def bound(credential: str) -> tuple[str, ...]:
    """Return the values that a pass is bound to: method, address and credential.

    A page that shows the form checks for a pass of the later POST.
    """
    method = "POST" if request.method in SAFE_METHODS else request.method
    return method, navigation.here(), credential


def take(state: State, key: Key, once: Ticket | None, deed: Deed | None) -> Grant | None:
    """Use up the session's pass; `once` and `deed` as in `tickets.take_pass`."""
    area, user_id = key
    mark = session_marks.get(tickets.PASS, area)
    if mark is None:
        return None
    session_marks.drop(tickets.PASS, area)
    binds = bound(of_request().credentials[key])
    return tickets.take_pass(state.kit, mark, user_id, area, binds, once, deed)


def leave(state: State, key: Key, grant: Grant) -> bool:
    """Leave a pass in this session if the code allows one more; return whether it was left."""
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
    """Keep a pass for this code, since an inner guard asks as well."""
    _settle(state, of_request(), key, leaves=True)


def after(state: State, key: Key, response: Response) -> None:
    """Leave a pass if the view showed its form again; otherwise the code is used up."""
    asked = of_request()
    _settle(state, asked, key, leaves=gave_form_back(asked, key, response.status_code))


def gave_form_back(asked: Asked, key: Key, status: int) -> bool:
    """Return whether a view's response showed its form again, so that nothing was done.

    Args:
        asked: of the request.
        key: area and user.
        status: of the response.
    """
    if status >= 500:
        return False
    if key in asked.again or status in FORM_REFUSED:
        return True
    return status < 300 and key in asked.came_back


def _settle(state: State, asked: Asked, key: Key, *, leaves: bool) -> None:
    """Leave a pass, or end the retries of a code; a page still being streamed asks again."""
    if not (leaves and leave(state, key, asked.granted[key])):
        asked.granted[key] = tickets.NOTHING
