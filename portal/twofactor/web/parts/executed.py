"""Refuse a form that was executed before, ahead of a view that looks at forms first."""

from ...app.state import current_state
from ...core.errors import AlreadyDone
from .. import guard, passes
from . import glances


def restore_form() -> None:
    """Put the original form back, unless it is the user's own and was executed before.

    A view that checks its form before it calls `require` would complain about values that were
    right once. The guard uses the same glance later, so it costs no statement.

    Raises:
        AlreadyDone: the form was executed.
        ContinuationBroken: it can't be opened for this request.
    """
    carried = passes.restore_form()
    if carried is None or carried.sender != carried.user_id:
        return
    state, user = current_state(), guard.signed_in()
    if not user.is_authenticated or carried.area not in state.kit.areas:
        return
    area, asked = state.kit.areas.get(carried.area), passes.of_request()
    seen = glances.glance(state, asked, area, user, carried.user_id)
    if seen.executed_at is not None:
        raise AlreadyDone(seen.executed_at, area=carried.area, user_id=carried.user_id)
