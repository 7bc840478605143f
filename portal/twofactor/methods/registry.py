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
