"""The help desk: who may help, changes that staff make, and the refusals of its pages."""

from .changes import ResetRequested, StartOverSent
from .errors import (
    AlreadyRequested,
    ChecklistOpen,
    DeviceGone,
    DeviceUnchosen,
    HelpRefusal,
    NoPassword,
    OwnAccount,
    PersonGone,
    PersonUnknown,
    ReasonUnusable,
    RequestOver,
    SameAgent,
    StaffAccount,
    StartOverOver,
    TooMuchHelp,
)
from .rights import LOOK, RESET, UNLOCK, Right, checked_rights

__all__ = [
    "LOOK",
    "RESET",
    "UNLOCK",
    "AlreadyRequested",
    "ChecklistOpen",
    "DeviceGone",
    "DeviceUnchosen",
    "HelpRefusal",
    "NoPassword",
    "OwnAccount",
    "PersonGone",
    "PersonUnknown",
    "ReasonUnusable",
    "RequestOver",
    "ResetRequested",
    "Right",
    "SameAgent",
    "StaffAccount",
    "StartOverOver",
    "StartOverSent",
    "TooMuchHelp",
    "checked_rights",
]
