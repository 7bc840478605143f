"""Two-factor authentication for Flask applications; each user chooses the protected areas."""

# `needs` comes first: importing it refuses versions that are too old for the rest.
from . import needs, signals
from .app.hooks import Csrf
from .app.looks.roles import BOOTSTRAP5
from .core.areas import Area
from .core.errors import (
    ChallengeRequired,
    EnrolmentRequired,
    Held,
    KeyMissing,
    LastAuthenticator,
    NotOn,
    PasswordHeld,
    PasswordRefused,
    Refusal,
    SetupError,
    StorageUnavailable,
    TwoFactorError,
    Unavailable,
    UnknownAuthenticator,
)
from .core.help_desk import NoPassword
from .core.importing import ImportRefused
from .core.records import Device, Hold, Protection
from .core.undo import PutsBack, UndoOver
from .core.vault import Vault, is_patterned
from .extension import TwoFactor
from .service.undo import Undoing, Undone
from .web.navigation import here, inside
from .web.sentences import wait

__version__: str

__all__ = [
    "BOOTSTRAP5",
    "Area",
    "ChallengeRequired",
    "Csrf",
    "Device",
    "EnrolmentRequired",
    "Held",
    "Hold",
    "ImportRefused",
    "KeyMissing",
    "LastAuthenticator",
    "NoPassword",
    "NotOn",
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
    "UnknownAuthenticator",
    "Vault",
    "__version__",
    "here",
    "inside",
    "is_patterned",
    "signals",
    "wait",
]


def __getattr__(name: str) -> str:
    """Return `__version__`. It is read on demand, since reading it takes longer than the import."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(needs.DISTRIBUTION)
    except PackageNotFoundError:
        return "0+unknown"
