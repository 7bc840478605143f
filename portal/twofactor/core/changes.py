"""Changes of the two-factor state, with the name, facts and event of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from .areas import SIGN_IN
from .records import Event, Subject, Ways, labelled

# Names of the signals, and for `in_transaction` of the host.
ChangeName = Literal[
    "activated",
    "imported",
    "deactivated",
    "areas_changed",
    "recovery_code_used",
    "recovery_code_replaced",
    "authenticator_added",
    "authenticator_removed",
    "passkey_suspect",
    "trust_reused",
    "reset",
    "reset_requested",
    "start_over",
    "unlocked",
    "undone",
]
LONGEST_DETAIL = 255  # of an event, in characters


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the state, with a signal after the commit; a subclass's fields are its facts."""

    name: ClassVar[ChangeName]

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return the keyword arguments of the signal, without those that have their default."""
        facts = ((each, getattr(self, each.name)) for each in fields(self))
        return {each.name: value for each, value in facts if value != each.default}

    @property
    def kind(self) -> str | None:
        """Return the kind of the event, `None` if another change records it."""
        return self.name

    @property
    def area(self) -> str | None:
        """Return the key of the event's area."""
        return None

    @property
    def detail(self) -> str | None:
        """Return the detail of the event."""
        return None


def events_of(changes: Iterable[Change], subject: Subject, at: int) -> list[Event]:
    """Return the events of changes, in the same order.

    Args:
        changes: of one user.
        subject: user and network address.
        at: Unix seconds.
    """
    return [
        Event(
            subject.user_id,
            at,
            change.kind,
            change.area,
            subject.address,
            change.detail[:LONGEST_DETAIL] if change.detail else None,
        )
        for change in changes
        if change.kind is not None
    ]


@dataclass(frozen=True, slots=True)
class Activated(Change):
    """Two-factor authentication was turned on for these areas; `ways` is how they are answered."""

    name = "activated"
    areas: tuple[str, ...]
    ways: Ways = "code"

    @property
    def detail(self) -> str:
        """Return the keys of the areas."""
        return " ".join(self.areas)


@dataclass(frozen=True, slots=True)
class Deactivated(Change):
    """Two-factor authentication was turned off. A reset has its own event (`Reset`)."""

    name = "deactivated"
    by: Literal["code", "passkey", "recovery", "operator"]

    @property
    def kind(self) -> str | None:
        """Return the kind of the event."""
        return None if self.by == "operator" else self.name

    @property
    def detail(self) -> str:
        """Return "code", "passkey", "recovery code" or "operator"."""
        return "recovery code" if self.by == "recovery" else self.by


@dataclass(frozen=True, slots=True)
class AreasChanged(Change):
    """Areas were added to the choice, or removed from it.

    `demanded` are areas that take a passkey alone from now on, `eased` those that take codes again.
    """

    name = "areas_changed"
    added: tuple[str, ...]
    removed: tuple[str, ...]
    ways: Ways = "code"
    demanded: tuple[str, ...] = ()
    eased: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        """Return the keys, each prefixed with +, -, ! (a passkey alone) or ~ (codes again)."""
        signed = zip("+-!~", (self.added, self.removed, self.demanded, self.eased), strict=True)
        return " ".join(f"{sign}{key}" for sign, keys in signed for key in keys)


@dataclass(frozen=True, slots=True)
class RecoveryCodeUsed(Change):
    """The recovery code was used; `Deactivated` follows.

    Args:
        where: key of the area, for the event. The signal does not carry it.
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
    """The recovery code was replaced by a new one."""

    name = "recovery_code_replaced"


@dataclass(frozen=True, slots=True)
class OfAuthenticator(Change):
    """A change of one authenticator.

    Args:
        authenticator: its name.
        of_kind: its kind, "totp" or "passkey"; the signal has it as `kind`.
    """

    authenticator: str
    of_kind: str = "totp"

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return name and kind."""
        return {"authenticator": self.authenticator, "kind": self.of_kind}

    @property
    def detail(self) -> str:
        """Return its name, marked if it is a passkey."""
        return labelled(self.of_kind, self.authenticator)


@dataclass(frozen=True, slots=True)
class AuthenticatorAdded(OfAuthenticator):
    """A further authenticator counts."""

    name = "authenticator_added"


@dataclass(frozen=True, slots=True)
class AuthenticatorRemoved(OfAuthenticator):
    """An authenticator counts no longer.

    Args:
        by: the operator who removed it, "" if its owner did.
        reason: the one that the operator gave.
    """

    name = "authenticator_removed"
    by: str = ""
    reason: str = ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return name and kind, and operator and reason if there are."""
        named = {"authenticator": self.authenticator, "kind": self.of_kind}
        return named | ({"by": self.by, "reason": self.reason} if self.by else {})

    @property
    def kind(self) -> str:
        """Return the kind of the event."""
        return "authenticator_removed_by_operator" if self.by else self.name

    @property
    def detail(self) -> str:
        """Return its name, and operator and reason if there are."""
        named = labelled(self.of_kind, self.authenticator)
        return f"{named}; {self.by}: {self.reason}" if self.by else named


@dataclass(frozen=True, slots=True)
class PasskeySuspected(Change):
    """The counter of a passkey went back, so there may be a copy. Its answer was refused.

    Args:
        authenticator: its name.
        where: key of the area that asked.
    """

    name = "passkey_suspect"
    authenticator: str
    where: str

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return name and area."""
        return {"authenticator": self.authenticator, "area": self.where}

    @property
    def area(self) -> str:
        """Return the key of the area."""
        return self.where

    @property
    def detail(self) -> str:
        """Return the name of the passkey."""
        return self.authenticator


@dataclass(frozen=True, slots=True)
class TrustReused(Change):
    """A copy of a trusted browser's cookie was used; `browser` is the name of the browser."""

    name = "trust_reused"
    browser: str

    @property
    def kind(self) -> str:
        """Return the kind of the event."""
        return "browser_trust_reused"

    @property
    def area(self) -> str:
        """Return the key of the area `sign_in`."""
        return SIGN_IN

    @property
    def detail(self) -> str:
        """Return the name of the browser."""
        return self.browser


@dataclass(frozen=True, slots=True)
class ByOperator(Change):
    """A change made by an operator, with the reason."""

    by: str
    reason: str

    @property
    def detail(self) -> str:
        """Return operator and reason."""
        return f"{self.by}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Reset(ByOperator):
    """An operator turned two-factor authentication off; `Deactivated` follows."""

    name = "reset"


@dataclass(frozen=True, slots=True)
class Unlocked(ByOperator):
    """An operator ended the wait after wrong codes."""

    name = "unlocked"
