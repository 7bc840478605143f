"""Areas of the host application that a code can protect."""

from .area import (
    AUTHENTICATORS,
    BUILT_IN,
    CHECK_UP,
    DEACTIVATION,
    ENROLMENT,
    PREFERENCES,
    RECOVERY,
    SIGN_IN,
    Area,
    Demand,
    Guards,
    Needs,
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
]
