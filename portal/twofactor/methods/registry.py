"""Kinds of authenticator that can be enrolled."""

from ..core.errors import SealBroken
from .base import Method
from .totp import Totp

TOTP = Totp()
_METHODS: dict[str, Method] = {TOTP.kind: TOTP}


def method(kind: str) -> Method:
    """Return the method of a stored authenticator.

    Raises:
        SealBroken: this version does not know the kind, so its codes must not be accepted.
    """
    try:
        return _METHODS[kind]
    except KeyError:
        raise SealBroken(f"unknown kind of authenticator {kind!r}") from None


def fresh_in(last: int | None, now: float) -> int:
    """Return the seconds until a user can have a code that was not used, 0 for now.

    Args:
        last: smallest latest number of the user's authenticators, `None` for no authenticator. An
            authenticator of another kind has a small number, and an answer at any time.
        now: Unix seconds.
    """
    return 0 if last is None else TOTP.fresh_in(last, now)
