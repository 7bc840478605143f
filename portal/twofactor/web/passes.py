"""Passes: a retry without a new code for a form that came back (DESIGN, Guard 4).

That depends on what the view answered and said, never on what the client says it accepts.
"""

import logging

from flask import request
from werkzeug.wrappers import Response

from ..core.errors import Unavailable
from ..core.policy import SAFE_METHODS
from ..core.records import Ticket
from ..service import tickets
from ..service.tickets import Deed, Grant
from ..state import State
from . import asked as requests
from . import marks, navigation
from .asked import Asked, Key

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
    mark = marks.get(tickets.PASS, area)
    if mark is None:
        return None
    marks.drop(tickets.PASS, area)
    binds = bound(requests.current().credentials[key])
    return tickets.take_pass(state.kit, mark, user_id, area, binds, once, deed)


def leave(state: State, key: Key, grant: Grant) -> bool:
    """Leave a pass in this session, if the code allows one more; whether it was left."""
    if not grant.is_good(state.kit.clock()):
        return False
    area, user_id = key
    binds = bound(requests.current().credentials[key])
    try:
        ticket_id = tickets.leave_pass(state.kit, user_id, area, grant, binds)
    except Unavailable:
        log.warning("a pass could not be kept: a further code will be asked")
        return False
    marks.put(tickets.PASS, ticket_id, area)
    return True


def keep(state: State, key: Key) -> None:
    """Leave a pass because an inner guard asks as well: this one's code was not in vain."""
    _settle(state, requests.current(), key, leaves=True)


def after(state: State, key: Key, response: Response) -> None:
    """Leave a pass if the view gave its form back; otherwise its code is used up."""
    asked = requests.current()
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
