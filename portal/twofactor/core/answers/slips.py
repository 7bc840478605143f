"""Exceptions for slips in an answer, which the person can see and correct. None is a guess."""

from ..errors import MalformedCode, MalformedRecoveryCode


class RecoveryCodeUnasked(MalformedCode):
    """The answer is a recovery code where only a 6-digit code is taken."""


class NotARecoveryCode(MalformedRecoveryCode):
    """The answer is a 6-digit code where only a recovery code is taken. It was not judged."""


class RecoverySlip(MalformedRecoveryCode):
    """The answer is meant as a recovery code and has a slip that can be seen.

    Args:
        group: number of the group with the slip, from one; 0 if that can't be seen.
        entered: number of characters, without spaces and dashes.
        needed: the number that a recovery code has.
        symbol: the first character that no recovery code has, empty if there is none.
    """

    def __init__(self, group: int, entered: int = 0, needed: int = 0, symbol: str = "") -> None:
        super().__init__("slip")
        self.group = group
        self.entered = entered
        self.needed = needed
        self.symbol = symbol
