"""Areas of the host application that a code can protect."""

from .area import (
    AUTHENTICATORS,
    BUILT_IN,
    CHECK_UP,
    DEACTIVATION,
    ENROLMENT,
    HELP,
    PREFERENCES,
    RECOVERY,
    SIGN_IN,
    Area,
    Demand,
    Guards,
    Needs,
    OwnArea,
)
from .choice import ALL, MINE, Choice, Offer
from .registry import AreaRegistry

__all__ = [
    "ALL",
    "AUTHENTICATORS",
    "BUILT_IN",
    "CHECK_UP",
    "DEACTIVATION",
    "ENROLMENT",
    "HELP",
    "MINE",
    "PREFERENCES",
    "RECOVERY",
    "SIGN_IN",
    "Area",
    "AreaRegistry",
    "Choice",
    "Demand",
    "Guards",
    "Needs",
    "Offer",
    "OwnArea",
]
