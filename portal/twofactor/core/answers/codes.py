"""Parse answers that people type: 6-digit codes and recovery codes.

They have no `==`, because a secret is compared in constant time.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from .. import bounds
from ..errors import MalformedCode, MalformedRecoveryCode
from .slips import NotARecoveryCode, RecoveryCodeUnasked, RecoverySlip

# Crockford's base32, without I, L, O and U, which are easily misread on paper.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYMBOLS = 20
GROUP = 4
_LONGEST = bounds.longest("code")

_ALPHABET = frozenset(ALPHABET)
_LOOKALIKES = {"O": "0", "I": "1", "L": "1"}
# Categories of Unicode that are skipped in a recovery code: white space, invisible marks, dashes.
_SKIPPED = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Pd", "Pc"})
_SKIPPED_SIGNS = frozenset(".,:;/|'\"\N{MIDDLE DOT}\N{MINUS SIGN}")
_FULL_WIDTH_LETTERS = {
    **{0xFF21 + number: chr(0x41 + number) for number in range(26)},
    **{0xFF41 + number: chr(0x61 + number) for number in range(26)},
}
_DIGITS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """The code of an authenticator app.

    Args:
        digits: six ASCII digits.
    """

    digits: str = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Self:
        r"""Parse a code. Six digits are what counts, in any script and with anything around them.

        The rule, which the script of the dialog has too: the text has exactly six characters of
        the category Nd (`\p{Nd}`), no letter and no other number (`\p{L}`, `\p{Nl}`, `\p{No}`)
        between the first and the last of them, and is not a recovery code. Everything else in it
        is ignored. So "Code: 123.456" is a code, and a recovery code with six digits is none, even
        with a slip in it.

        Raises:
            MalformedCode: the text is too long or is not six digits.
            RecoveryCodeUnasked: it is a recovery code.
        """
        if len(text) == _DIGITS and text.isascii() and text.isdigit():
            return cls(text)  # as nearly everybody types it
        if len(text) > _LONGEST:
            raise MalformedCode("too long")
        if _is_recovery_code(text):
            raise RecoveryCodeUnasked("a recovery code")
        # `\d` is the category Nd. Superscripts, fractions and Roman numerals are not in it.
        digits = re.findall(r"\d", text)
        if len(digits) != _DIGITS or _has_letters_between_digits(text):
            raise MalformedCode("not six digits")
        return cls(_ascii(digits))


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
            NotARecoveryCode: it is a 6-digit code.
            RecoverySlip: it has too few or too many characters, or one that no code has.
            MalformedRecoveryCode: the text is too long for the field.
        """
        if len(text) > _LONGEST:
            raise MalformedRecoveryCode("too long")
        typed = _typed_symbols(text)
        symbols = _symbols(typed)
        foreign = [place for place, symbol in enumerate(symbols) if symbol not in _ALPHABET]
        if not foreign and len(symbols) == SYMBOLS:
            return cls("".join(symbols))
        if _is_code(text):
            raise NotARecoveryCode("a 6-digit code")
        if foreign:
            raise RecoverySlip(foreign[0] // GROUP + 1, symbol=typed[foreign[0]])
        raise RecoverySlip(_odd_group(text), len(symbols), SYMBOLS)

    @property
    def text(self) -> str:
        """Return the symbols for people, in groups of four separated by dashes."""
        return _grouped(self.symbols)


Typed = Code | RecoveryCode


def read(text: str) -> Typed:
    """Parse the text of a field that takes both kinds of answers.

    A text is a code exactly when `Code.read` accepts it. With a letter in it, any other text is
    meant as a recovery code, and so is a text of more than ten characters.

    Raises:
        MalformedCode: the text is meant as a code and is none.
        MalformedRecoveryCode: the text is meant as a recovery code and is none.
    """
    try:
        return Code.read(text)
    except MalformedCode:
        if len(text) <= bounds.longest("code") and not _means_recovery_code(text):
            raise
        return RecoveryCode.read(text)


def kept(text: str, *, wrong: bool = False) -> str:
    """Return what a field for a recovery code shows again: as typed, in groups of four.

    Groups that were typed stay, so that a group that is too short can be seen. The result is empty
    for a code, for a text that may be most of one, and for a recovery code that may be right.

    Args:
        text: the text as entered.
        wrong: whether it was judged and is wrong.
    """
    if len(text) > bounds.longest("code") or _is_code(text) or not _means_recovery_code(text):
        return ""
    if _is_recovery_code(text) and not wrong:
        return ""
    typed = _typed_symbols(text)
    groups = _groups(text)
    if len(typed) != SYMBOLS and len(groups) == SYMBOLS // GROUP:
        return "-".join(groups)
    return _grouped("".join(typed))


def _is_code(text: str) -> bool:
    try:
        Code.read(text)
    except MalformedCode:
        return False
    return True


def _is_recovery_code(text: str) -> bool:
    symbols = _symbols(_typed_symbols(text))
    return len(symbols) == SYMBOLS and set(symbols) <= _ALPHABET


def _means_recovery_code(text: str) -> bool:
    symbols = _typed_symbols(text)
    return len(symbols) > SYMBOLS // 2 or any(symbol.isalpha() for symbol in symbols)


def _has_letters_between_digits(text: str) -> bool:
    return re.search(r"\d[^\d]*[^\W\d_][^\d]*\d", text) is not None


def _typed_symbols(text: str) -> list[str]:
    """Return the characters of a text without those that separate groups."""
    return [character for character in text if not _separates(character)]


def _groups(text: str) -> list[str]:
    spaced = "".join(" " if _separates(character) else character for character in text)
    return spaced.split()


def _odd_group(text: str) -> int:
    """Return the number of the first group without four characters, 0 if there are not five."""
    groups = _groups(text)
    if len(groups) != SYMBOLS // GROUP:
        return 0
    odd = (number for number, group in enumerate(groups, 1) if len(group) != GROUP)
    return next(odd, 0)


def _separates(character: str) -> bool:
    return character in _SKIPPED_SIGNS or unicodedata.category(character) in _SKIPPED


def _symbols(typed: Iterable[str]) -> list[str]:
    """Return each character as the symbol that it is read as; one symbol for each."""
    return [_symbol(character) for character in typed]


def _symbol(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    upper = character.translate(_FULL_WIDTH_LETTERS).upper()
    return _LOOKALIKES.get(upper, upper)


def _ascii(digits: Iterable[str]) -> str:
    return "".join(str(unicodedata.decimal(digit)) for digit in digits)


def _grouped(symbols: str) -> str:
    groups = range(0, len(symbols), GROUP)
    return "-".join(symbols[start : start + GROUP] for start in groups)
