"""Parse answers to a challenge: 6-digit codes and recovery codes.

They have no `==`, because a secret is compared in constant time.
"""

import re
from dataclasses import dataclass, field
from typing import Self

from . import bounds
from .errors import MalformedCode, MalformedRecoveryCode

# Crockford's base32, without I, L, O and U, which are easily misread on paper.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYMBOLS = 20
GROUP = 4
_LONGEST = bounds.longest("code")

_FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)}
# White space of every kind, dashes of every kind, and the invisible marks that copying adds.
_BETWEEN_DIGITS = re.compile(
    "[\\s\u00ad\u180e\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2064\u2212\ufeff\uff0d-]"
)
_BETWEEN_SYMBOLS = re.compile(r"[\s\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff_.-]")
_LOOKALIKES = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """The code of an authenticator app.

    Args:
        digits: six ASCII digits.
    """

    digits: str = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse a code; ignore spaces and dashes and accept full-width digits.

        Raises:
            MalformedCode: the text is too long or is not six digits.
        """
        if len(text) > _LONGEST:
            raise MalformedCode("too long")
        digits = _BETWEEN_DIGITS.sub("", text).translate(_FULL_WIDTH)
        if not re.fullmatch("[0-9]{6}", digits):
            raise MalformedCode("not six digits")
        return cls(digits)


@dataclass(frozen=True, slots=True, eq=False)
class RecoveryCode:
    """A recovery code.

    Args:
        symbols: 20 symbols of `ALPHABET` (100 bits).
    """

    symbols: str = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse a recovery code; ignore case, spaces and dashes, read O as 0 and I and L as 1.

        Raises:
            MalformedRecoveryCode: the text is too long or is not a recovery code.
        """
        if len(text) > _LONGEST:
            raise MalformedRecoveryCode("too long")
        symbols = _BETWEEN_SYMBOLS.sub("", text).upper().translate(_LOOKALIKES)
        if len(symbols) != SYMBOLS or not set(symbols) <= set(ALPHABET):
            raise MalformedRecoveryCode("not a recovery code")
        return cls(symbols)

    @property
    def text(self) -> str:
        """Return the symbols for people, in groups of four separated by dashes."""
        groups = range(0, SYMBOLS, GROUP)
        return "-".join(self.symbols[start : start + GROUP] for start in groups)


Answer = Code | RecoveryCode


def read(text: str) -> Answer:
    """Parse a text as a code, then as a recovery code.

    Raises:
        MalformedRecoveryCode: the text is neither.
    """
    try:
        return Code.read(text)
    except MalformedCode:
        return RecoveryCode.read(text)
