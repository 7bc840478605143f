"""Recovery codes: 100 random bits that turn two-factor authentication off."""

import secrets

import bcrypt

from ..core.answers import ALPHABET, SYMBOLS, RecoveryCode


def new_code() -> RecoveryCode:
    """Return a new code from the system's random generator."""
    return RecoveryCode("".join(secrets.choice(ALPHABET) for _ in range(SYMBOLS)))


def hash_code(code: RecoveryCode, cost: int) -> str:
    """Return the bcrypt hash of a code (NIST SP 800-63B-4 section 3.1.1.2).

    Args:
        code: the recovery code.
        cost: binary logarithm of the number of rounds.
    """
    return bcrypt.hashpw(code.symbols.encode(), bcrypt.gensalt(cost)).decode()


def is_code(code: RecoveryCode, hashed: str) -> bool:
    """Return whether a code matches a hash; bcrypt compares in constant time."""
    return bcrypt.checkpw(code.symbols.encode(), hashed.encode())
