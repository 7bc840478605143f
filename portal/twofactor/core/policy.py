"""Decide from the area, the user's choice and the request whether to ask for a code."""

import enum

from .areas import BUILT_IN, Area
from .records import Glance

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Verdict(enum.Enum):
    """The decision of the guard."""

    OPEN = "open"  # call the view
    ASK = "ask"  # a code is needed
    ENROL = "enrol"  # mandatory, and the user has no second factor yet


def guards_method(area: Area, method: str) -> bool:
    """Return whether the area guards requests with this HTTP method."""
    return area.guards == "view" or method not in SAFE_METHODS


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
    if area.guards == "view" and glance.ticket:
        return Verdict.OPEN
    return Verdict.ASK
