"""The import of a user's second factor, as a change."""

from dataclasses import dataclass

from ..changes import Change


@dataclass(frozen=True, slots=True)
class Imported(Change):
    """An operator turned two-factor authentication on with a secret of another system.

    There is no recovery code, and no link undoes it.

    Args:
        areas: keys of the protected areas.
        by: the operator.
    """

    name = "imported"
    areas: tuple[str, ...]
    by: str

    @property
    def detail(self) -> str:
        """Return the operator and the keys of the areas."""
        return f"{self.by}: {' '.join(self.areas)}"
