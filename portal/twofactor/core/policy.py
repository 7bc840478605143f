"""Decide from the area, the user's choice and the request whether to ask for a code.

And decide from the account and the time whether a check-up is due.
"""

import enum

from .areas import BUILT_IN, Area
from .records import Account, CheckUp, Glance
from .throttle import DAY

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# The first check-up follows the activation; those of the recovery code follow each other.
FIRST_CHECK_UP, NEXT_CHECK_UP = 14 * DAY, 365 * DAY


class Verdict(enum.Enum):
    """The decision of the guard."""

    OPEN = "open"  # call the view
    ASK = "ask"  # a code is needed
    ENROL = "enrol"  # mandatory, and the user has no second factor yet


def guards_method(area: Area, method: str) -> bool:
    """Return whether the area guards requests with this HTTP method."""
    return area.guards == "access" or method not in SAFE_METHODS


def decide(area: Area, glance: Glance, method: str, *, mandatory: bool) -> Verdict:
    """Return the verdict on a request of a signed-in user.

    Args:
        area: the area that guards the view.
        glance: the user's choice, with the ticket of an open "view" area.
        method: the HTTP method, upper case.
        mandatory: whether the area is mandatory for this user.
    """
    if not guards_method(area, method):
        return Verdict.OPEN
    if glance.areas is None:
        return Verdict.ENROL if mandatory else Verdict.OPEN
    if not (mandatory or area.key in glance.areas or area.key in BUILT_IN):
        return Verdict.OPEN
    if area.guards == "access" and glance.ticket:
        return Verdict.OPEN
    return Verdict.ASK


def check_up(account: Account, now: float) -> tuple[CheckUp, ...]:
    """Return what to ask the owner of an account about, since it may be forgotten or lost.

    Args:
        account: the account.
        now: Unix seconds.
    """
    first = account.activated_at + FIRST_CHECK_UP
    if not account.check_ups:
        return ()
    # At once, and until there is one: without it, a lost phone is a lost account.
    due: list[CheckUp] = ["no_recovery"] if account.recovery_hash is None else []
    if now < first:
        return tuple(due)
    again = first if account.checked_at is None else account.checked_at + NEXT_CHECK_UP
    if account.recovery_hash is not None and now >= again:
        due.append("recovery")
    if all((each.last_used_at or 0) <= account.activated_at for each in account.authenticators):
        due.append("codes")
    return tuple(due)
