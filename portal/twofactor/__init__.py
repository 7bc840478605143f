"""Two-factor authentication for Flask applications; each user chooses the protected areas."""

from . import signals
from .core.areas import Area
from .core.errors import (
    ChallengeRequired,
    EnrolmentRequired,
    Held,
    KeyMissing,
    PasswordHeld,
    PasswordRefused,
    Refusal,
    SetupError,
    StorageUnavailable,
    TwoFactorError,
    Unavailable,
)
from .core.records import Device, Hold, Protection
from .core.undo import PutsBack, UndoOver
from .core.vault import Vault, is_patterned
from .extension import TwoFactor
from .service.undo import Undoing, Undone
from .web.navigation import here, inside
from .web.sentences import wait

__all__ = [
    "Area",
    "ChallengeRequired",
    "Device",
    "EnrolmentRequired",
    "Held",
    "Hold",
    "KeyMissing",
    "PasswordHeld",
    "PasswordRefused",
    "Protection",
    "PutsBack",
    "Refusal",
    "SetupError",
    "StorageUnavailable",
    "TwoFactor",
    "TwoFactorError",
    "Unavailable",
    "UndoOver",
    "Undoing",
    "Undone",
    "Vault",
    "here",
    "inside",
    "is_patterned",
    "signals",
    "wait",
]
