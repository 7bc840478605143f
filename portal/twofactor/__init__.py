"""Two-factor authentication for any Flask application, chosen area by area by each user."""

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
from .core.vault import Vault, is_patterned
from .extension import TwoFactor
from .web.navigation import here, inside
from .web.sentences import wait

__all__ = [
    "Area",
    "ChallengeRequired",
    "EnrolmentRequired",
    "Held",
    "KeyMissing",
    "PasswordHeld",
    "PasswordRefused",
    "Refusal",
    "SetupError",
    "StorageUnavailable",
    "TwoFactor",
    "TwoFactorError",
    "Unavailable",
    "Vault",
    "here",
    "inside",
    "is_patterned",
    "signals",
    "wait",
]
