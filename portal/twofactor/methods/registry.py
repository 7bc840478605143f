"""Kinds of authenticator that can be enrolled."""

from collections.abc import Iterable

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


def fresh_in(used: Iterable[tuple[str, int]], now: float) -> int:
    """Return the seconds until one of a user's authenticators gives an answer that was not used.

    Args:
        used: kinds and latest accepted numbers of the authenticators (`core.records.Used`).
        now: Unix seconds.
    """
    waits = (_METHODS[kind].fresh_in(last, now) for kind, last in used if kind in _METHODS)
    return min(waits, default=0)
