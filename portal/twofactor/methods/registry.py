"""The kinds of authenticator that can be enrolled."""

from ..core.errors import SealBroken
from .base import Method
from .totp import Totp

TOTP = Totp()
_METHODS: dict[str, Method] = {TOTP.kind: TOTP}


def method(kind: str) -> Method:
    """Return the method of a stored authenticator.

    Raises:
        SealBroken: a kind this version does not know; nothing is allowed on its word.
    """
    try:
        return _METHODS[kind]
    except KeyError:
        raise SealBroken(f"unknown kind of authenticator {kind!r}") from None
