"""Two-factor authentication for Flask applications; each user chooses the protected areas."""

from . import signals
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

    # The package is in two distributions, under two names; a copy within a host is in neither.
    distribution = "flask-portal-twofactor" if "." in __name__ else "flask-twofactor"
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "0+unknown"
