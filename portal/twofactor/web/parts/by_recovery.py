"""An action confirmed with the recovery code, by the owner of a mailed link (`guard.require`)."""

from flask_login import current_user

from ...app.state import State
from ...core.answers import RecoveryCode
from ...core.areas import Area
from ...core.records import Subject, Ticket
from ...service import deactivation, tickets
from ..pages import outstanding
from ..passes import Asked


def act(
    state: State,
    asked: Asked,
    subject: Subject,
    area: Area,
    code: RecoveryCode,
    once: Ticket | None,
) -> tickets.Grant:
    """Do the action, then turn two-factor authentication off; nothing is left for a retry.

    Args:
        state: of the application.
        asked: of the request; `asked.recovery` does the action.
        subject: the user who is asked.
        area: the area that guards the action.
        code: the recovery code.
        once: the continuation to execute, see `tickets.execute`.

    Raises:
        RecoveryWrong, RecoveryHeld, NotOn: the action is not done.
    """

    def first() -> None:
        if once is not None:
            tickets.execute_open(state.kit, once)
        if asked.recovery is not None:
            asked.recovery()

    deactivation.deactivate_by_recovery(state.kit, subject, code, area.key, first=first)
    asked.recovered = True
    outstanding.know(subject.user_id, enrolled=False)
    if current_user.is_authenticated and state.host.user_key(current_user) == subject.user_id:
        # This session must set up a second factor first if that is mandatory.
        outstanding.look(state, current_user._get_current_object())
    return tickets.NOTHING
