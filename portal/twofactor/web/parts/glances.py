"""A look at the state for the guard, the dialog and the challenge, once per request."""

from dataclasses import replace
from typing import Any

from ...app.state import State
from ...core import policy
from ...core.areas import Area
from ...core.policy import Verdict
from ...core.records import Glance, Ticket
from ...service import tickets
from .. import passes, session_marks
from ..passes import Asked


def execution(state: State, asked: Asked, user_id: str) -> Ticket | None:
    """Return the ticket that records the execution of this request's continuation, if needed.

    It is not needed if another guard of this request has it, or if the form came without its files.
    """
    if asked.carried is None or asked.lost or asked.executed:
        return None
    return tickets.execution(state.kit, user_id, asked.carried.id)


def glance(state: State, asked: Asked, area: Area, user: Any, user_id: str) -> Glance:
    """Return the user's areas, and whether a pass or open view exists; read once per request."""
    seen = asked.glances.get((area.key, user_id))
    if seen is None:
        state.first_use()
        kind = tickets.VIEW if area.guards == "access" else tickets.PASS
        mark, opened = session_marks.get(kind, area.key), area.key
        if mark is None and area.guards == "access":
            mark, opened = session_marks.get(kind), ""
        hashed = tickets.digest(mark, *_bound(state, kind, user)) if mark else None
        once = execution(state, asked, user_id)
        carried = once.digest if once else None
        now = state.kit.clock()
        seen = state.kit.store.glance(user_id, kind, opened, hashed, now, carried)
        if seen.ticket and not opened and state.kit.areas.demand(area.key, seen.only):
            # It was opened by the sign-in, which may have taken a code.
            seen = replace(seen, ticket=False)
        asked.glances[area.key, user_id] = seen
    return seen


def _bound(state: State, kind: str, user: Any) -> tuple[str, ...]:
    """Return the values that a ticket of this kind is bound to."""
    credential = state.host.credential_of(user)
    return passes.bound(credential) if kind == tickets.PASS else (credential,)


def verdict_on(state: State, area: Area, user: Any, user_id: str, method: str) -> Verdict:
    """Return the policy's verdict on a request of this user."""
    seen = glance(state, passes.of_request(), area, user, user_id)
    return verdict_of(state, area, user, seen, method)


def verdict_of(state: State, area: Area, user: Any, seen: Glance, method: str) -> Verdict:
    return policy.decide(area, seen, method, mandatory=state.is_mandatory(area, user))


def will_ask(state: State, area: Area, user: Any) -> bool:
    """Return whether a form on this page will need a code when it is sent.

    It is called when a form is rendered, so it also notes that the form was shown again.
    """
    user_id = state.host.user_key(user)
    asked, key = passes.of_request(), (area.key, user_id)
    granted = asked.granted.get(key)
    if granted is not None and (area.guards == "access" or granted.is_good(state.kit.clock())):
        asked.came_back.add(key)
        return False
    seen = glance(state, asked, area, user, user_id)
    return verdict_of(state, area, user, seen, "POST") is Verdict.ASK and not seen.ticket
