"""Changes of the two-factor state: the name of each, the facts it carries, and its event."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from .areas import SIGN_IN

# Names of the signals, which hosts get in `in_transaction` as well.
ChangeName = Literal[
    "activated",
    "deactivated",
    "areas_changed",
    "recovery_code_used",
    "recovery_code_replaced",
    "authenticator_added",
    "authenticator_removed",
    "trust_reused",
    "reset",
    "unlocked",
]
# Longest detail of an event, characters.
LONGEST_DETAIL = 255


@dataclass(frozen=True, slots=True)
class Change:
    """A change that the host joins and is told of; the fields of each kind are its facts."""

    name: ClassVar[ChangeName]

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return the keyword arguments of the signal."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def kind(self) -> str | None:
        """Return the kind of the event, `None` where another event says the same."""
        return self.name

    @property
    def area(self) -> str | None:
        """Return the key of the area that the event is about."""
        return None

    @property
    def detail(self) -> str | None:
        """Return what the event says besides."""
        return None


@dataclass(frozen=True, slots=True)
class Activated(Change):
    """Two-factor authentication was turned on for these areas."""

    name = "activated"
    areas: tuple[str, ...]

    @property
    def detail(self) -> str:
        """Return the keys of the areas."""
        return " ".join(self.areas)


@dataclass(frozen=True, slots=True)
class Deactivated(Change):
    """Two-factor authentication was turned off; a reset has an event of its own."""

    name = "deactivated"
    by: Literal["code", "recovery", "operator"]

    @property
    def kind(self) -> str | None:
        """Return the kind of the event."""
        return None if self.by == "operator" else self.name

    @property
    def detail(self) -> str:
        """Return what turned it off."""
        return "recovery code" if self.by == "recovery" else self.by


@dataclass(frozen=True, slots=True)
class AreasChanged(Change):
    """Areas were added to the choice, or removed from it."""

    name = "areas_changed"
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def detail(self) -> str:
        """Return the keys, each with + or - in front."""
        return " ".join([f"+{key}" for key in self.added] + [f"-{key}" for key in self.removed])


@dataclass(frozen=True, slots=True)
class RecoveryCodeUsed(Change):
    """The recovery code was used; `Deactivated` follows.

    Args:
        where: key of the area; the event has it, the signal does not.
    """

    name = "recovery_code_used"
    where: str

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return no facts."""
        return {}

    @property
    def area(self) -> str:
        """Return the key of the area."""
        return self.where


@dataclass(frozen=True, slots=True)
class RecoveryCodeReplaced(Change):
    """There is a new recovery code."""

    name = "recovery_code_replaced"


@dataclass(frozen=True, slots=True)
class AuthenticatorAdded(Change):
    """A further authenticator counts; `authenticator` is its name."""

    name = "authenticator_added"
    authenticator: str

    @property
    def detail(self) -> str:
        """Return its name."""
        return self.authenticator


@dataclass(frozen=True, slots=True)
class AuthenticatorRemoved(Change):
    """An authenticator counts no longer; `authenticator` is its name."""

    name = "authenticator_removed"
    authenticator: str

    @property
    def detail(self) -> str:
        """Return its name."""
        return self.authenticator


@dataclass(frozen=True, slots=True)
class TrustReused(Change):
    """A copy of a trusted browser's cookie was used; `browser` is what it calls itself."""

    name = "trust_reused"
    browser: str

    @property
    def kind(self) -> str:
        """Return the kind of the event."""
        return "browser_trust_reused"

    @property
    def area(self) -> str:
        """Return the area that browsers are trusted for."""
        return SIGN_IN

    @property
    def detail(self) -> str:
        """Return what the browser calls itself."""
        return self.browser


@dataclass(frozen=True, slots=True)
class ByOperator(Change):
    """A change that an operator makes, and why."""

    by: str
    reason: str

    @property
    def detail(self) -> str:
        """Return both."""
        return f"{self.by}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Reset(ByOperator):
    """An operator turns two-factor authentication off; `Deactivated` follows."""

    name = "reset"


@dataclass(frozen=True, slots=True)
class Unlocked(ByOperator):
    """An operator lets codes be judged again."""

    name = "unlocked"
