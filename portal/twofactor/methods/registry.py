"""Kinds of authenticator that can be enrolled."""

from ..core.errors import SealBroken
from ..core.records import Authenticator
from .base import Method
from .passkey import Passkeys, flags_after, has_changed, returned
from .totp import Totp

__all__ = [
    "APP",
    "PASSKEY",
    "TOTP",
    "brought_back",
    "flags_after",
    "fresh_in",
    "has_changed",
    "method",
    "passkeys",
]

TOTP = Totp()
_PASSKEYS = Passkeys()
# Stable names of the kinds.
APP, PASSKEY = TOTP.kind, _PASSKEYS.kind
_METHODS: dict[str, Method] = {APP: TOTP, PASSKEY: _PASSKEYS}


def method(kind: str) -> Method:
    """Return the method of a stored authenticator.

    Raises:
        SealBroken: this version does not know the kind, so its codes must not be accepted.
    """
    try:
        return _METHODS[kind]
    except KeyError:
        raise SealBroken(f"unknown kind of authenticator {kind!r}") from None


def passkeys() -> Passkeys:
    """Return the method of passkeys, for what only they have: challenges, domains, copies."""
    return _PASSKEYS


def brought_back(authenticator: Authenticator, stored: bytes) -> tuple[bytes, int | None]:
    """Return what is kept, and the flags, of an authenticator that an undo brings back.

    Args:
        authenticator: as it was before the change.
        stored: `First.stored` of that time.
    """
    flags = authenticator.flags
    return returned(stored, flags) if authenticator.kind == PASSKEY else (stored, flags)


def fresh_in(last: int | None, now: float) -> int:
    """Return the seconds until a user can have a code that was not used, 0 for now.

    Args:
        last: smallest latest step of the user's authenticator apps, `None` if there is none.
        now: Unix seconds.
    """
    return 0 if last is None else TOTP.fresh_in(last, now)
