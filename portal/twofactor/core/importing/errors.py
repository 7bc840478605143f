"""Refusals of what should be imported."""

from ..errors import TwoFactorError


class ImportRefused(TwoFactorError, ValueError):
    """A secret, or a line with one, is not imported.

    Args:
        reason: a short stable name of the reason, for programs.
        text: the reason, for operators. It repeats nothing secret.
    """

    code = "twofactor_import_refused"

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
