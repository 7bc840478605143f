"""Use cases: signing in with a second step."""

from .second_step import (
    COMPLETED,
    WRONG_CODES,
    Pending,
    begin,
    cancel,
    complete,
    complete_by_recovery,
    completed,
    pending,
)

__all__ = [
    "COMPLETED",
    "WRONG_CODES",
    "Pending",
    "begin",
    "cancel",
    "complete",
    "complete_by_recovery",
    "completed",
    "pending",
]
