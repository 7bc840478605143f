"""Use cases: turn two-factor authentication on."""

from .finished import Left, activated, is_finished, leave_proofs
from .unfinished import (
    Enrolment,
    begin,
    cancel,
    check_tag,
    choose_again,
    confirm,
    is_fresh,
    resume,
)

__all__ = [
    "Enrolment",
    "Left",
    "activated",
    "begin",
    "cancel",
    "check_tag",
    "choose_again",
    "confirm",
    "is_finished",
    "is_fresh",
    "leave_proofs",
    "resume",
]
