"""The recovery code: 100 random bits to print, which turn two-factor authentication off."""

import re
import secrets

import bcrypt

from ..core import bounds
from ..core.errors import MalformedCode

# Crockford's base32: no I, L, O, U, so that nothing is misread on paper.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYMBOLS = 20
GROUP = 4
_LENIENT = str.maketrans("OIL", "011")
_BETWEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff_.-]")


def new_code() -> str:
    """A fresh code of 20 symbols (100 bits), in groups of four."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(SYMBOLS))
    return "-".join(symbols[start : start + GROUP] for start in range(0, SYMBOLS, GROUP))


def parse_code(text: str) -> str:
    """The 20 symbols of what was typed: case, spaces, dashes, O/0 and I/L/1 do not matter.

    Raises:
        MalformedCode: anything else.
    """
    if len(text) > bounds.longest("code"):
        raise MalformedCode("too long")
    symbols = _BETWEEN.sub("", text).upper().translate(_LENIENT)
    if len(symbols) != SYMBOLS or not set(symbols) <= set(ALPHABET):
        raise MalformedCode("not a recovery code")
    return symbols


def hash_code(code: str, cost: int) -> str:
    """The bcrypt hash of a code; `cost` is the binary logarithm of the rounds (NIST 3.1.1.2)."""
    return bcrypt.hashpw(parse_code(code).encode(), bcrypt.gensalt(cost)).decode()


def is_code(symbols: str, hashed: str) -> bool:
    """Whether 20 parsed symbols are the code of the hash; bcrypt compares in constant time."""
    return bcrypt.checkpw(symbols.encode(), hashed.encode())
