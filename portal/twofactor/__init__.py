"""Two-factor authentication for any Flask application, chosen area by area by each user."""

from . import signals
from .core.areas import Area
from .core.errors import (
    ChallengeRequired,
    EnrolmentRequired,
    Held,
    KeyMissing,
    PasswordHeld,
    Refusal,
    SetupError,
    StorageUnavailable,
    TwoFactorError,
    Unavailable,
)
from .extension import TwoFactor

__all__ = [
    "Area",
    "ChallengeRequired",
    "EnrolmentRequired",
    "Held",
    "KeyMissing",
    "PasswordHeld",
    "Refusal",
    "SetupError",
    "StorageUnavailable",
    "TwoFactor",
    "TwoFactorError",
    "Unavailable",
    "signals",
]
