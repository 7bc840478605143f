"""Kinds of the events in the record of an agent; the detail of each is the key of a user."""

from typing import Final

UNLOCKED: Final = "desk_unlocked"
REMOVED: Final = "desk_removed"
RESET: Final = "desk_reset"
REQUESTED: Final = "desk_requested"
CONFIRMED: Final = "desk_confirmed"
DECLINED: Final = "desk_declined"
STARTED_OVER: Final = "desk_started_over"
# Those that take protection away, of which an agent may do some in an hour.
LIMITED = frozenset({REMOVED, RESET, REQUESTED, CONFIRMED, STARTED_OVER})
KINDS = LIMITED | {UNLOCKED, DECLINED}
# A look does nothing for the user, so it is not among those deeds.
LOOKED: Final = "desk_looked"
