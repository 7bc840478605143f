"""Must a code be asked? A pure function of the area, the user's choice and the request."""

import enum

from .areas import BUILT_IN, Area
from .records import Glance

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Verdict(enum.Enum):
    """What the guard does."""

    OPEN = "open"  # call the view
    ASK = "ask"  # a code is needed
    ENROL = "enrol"  # mandatory, and the user has no second factor yet


def guards_method(area: Area, method: str) -> bool:
    """Whether the area guards requests of this HTTP method at all."""
    return area.guards == "view" or method not in SAFE_METHODS


def decide(area: Area, glance: Glance, method: str, *, mandatory: bool) -> Verdict:
    """The verdict on one request of a signed-in user.

    Args:
        area: the area that guards the view.
        glance: the user's choice; its ticket is the open view of a "view" area.
        method: the HTTP method, upper case.
        mandatory: whether the operator has chosen the area for this user.
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
