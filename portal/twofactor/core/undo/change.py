"""The undoing of a change, which is a change itself."""

from dataclasses import dataclass

from ..changes import Change


@dataclass(frozen=True, slots=True)
class ChangeUndone(Change):
    """An earlier change was undone with its link.

    Args:
        what: name of the signal of the earlier change.
        lowered: whether the account is less protected than before (`plan.PutsBack.lowers`). Then
            the mailbox alone must not be enough for a new password.
    """

    name = "undone"
    what: str
    lowered: bool

    @property
    def detail(self) -> str:
        """Return the name of the earlier change, marked if protection was lowered."""
        return f"{self.what} (lowered)" if self.lowered else self.what
