"""The protection of an account: the level and the list of the card on overview and security."""

from dataclasses import dataclass
from typing import Literal

from portal.account import service
from portal.extensions import DEEDS, HELP_DESK, twofactor
from portal.i18n.language import _
from portal.models import Customer
from portal.twofactor import Protection
from portal.twofactor.signals import Ways

Level = Literal["protected", "partly", "none"]
Key = Literal["sign_in", "recovery", "devices", "sessions", "hold"]
Action = Literal[
    "set_up",
    "add_sign_in",
    "make_recovery",
    "add_device",
    "see_sessions",
    "use_recovery",
    "change_password",
]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the list.

    Args:
        key: the fact that the line is about.
        ok: whether all is well; `None` if only the customer can tell.
        action: the one step that helps, `None` if there is none.
    """

    key: Key
    ok: bool | None
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """The answer of the card.

    Args:
        level: "protected" if we ask at sign-in, "partly" if only other areas do.
        items: the lines of the list, in order.
        protection: the two-factor state, `None` if two-factor authentication is off.
        sessions: number of live sessions.
    """

    level: Level
    items: tuple[Item, ...]
    protection: Protection | None
    sessions: int

    @property
    def areas(self) -> tuple[str, ...]:
        """Return the keys of the protected areas."""
        return self.protection.areas if self.protection else ()

    @property
    def ways(self) -> Ways:
        """Return what we ask the customer for, a code if two-factor authentication is off."""
        return self.protection.ways if self.protection else "code"

    def ways_at(self, area: str) -> Ways:
        """Return what we ask the customer for in an area; it may take a passkey alone."""
        is_alone = self.protection is not None and area in self.protection.only
        return "passkey" if is_alone else self.ways

    @property
    def check_up(self) -> tuple[str, ...]:
        """Return what to ask the customer about today."""
        return self.protection.check_up if self.protection else ()

    @property
    def deeds(self) -> list[str]:
        """Return what we ask for a code or passkey at, as verbs."""
        return [str(DEEDS[key]) for key in self.areas]


def card(customer: Customer) -> Card:
    """Return the card of the customer of this request; takes two statements."""
    protection = twofactor.protection_of(customer)
    return assess(protection, len(service.live_sessions(customer)))


def areas_of(customer: Customer) -> list[tuple[str, str]]:
    """Return the areas that a customer may protect, as (key, label) in the portal's order."""
    listed = [(each.key, str(each.label)) for each in twofactor.areas if each.key != HELP_DESK]
    return [*listed, (HELP_DESK, _("Help desk"))] if customer.is_staff else listed


def assess(protection: Protection | None, sessions: int) -> Card:
    """Return whether an account is protected, with reasons and remedies.

    A trusted browser does not lower the level: its owner gave a code there.

    Args:
        protection: the two-factor state, `None` if two-factor authentication is off.
        sessions: number of live sessions.
    """
    items = [_signing_in(protection)]
    if protection is not None:
        items.append(_item("recovery", protection.recovery, "make_recovery"))
        has_device = any(each.usable for each in protection.devices)
        items.append(_item("devices", has_device, "add_device"))
    items.append(Item("sessions", True if sessions <= 1 else None, "see_sessions"))
    if protection is not None and protection.hold is not None:
        items.append(Item("hold", False, _way_out(protection)))
    return Card(_level(protection), tuple(items), protection, sessions)


def _level(protection: Protection | None) -> Level:
    if protection is None or not protection.areas:
        return "none"
    return "protected" if service.SIGN_IN in protection.areas else "partly"


def _signing_in(protection: Protection | None) -> Item:
    if protection is None:
        return Item("sign_in", False, "set_up")
    return _item("sign_in", service.SIGN_IN in protection.areas, "add_sign_in")


def _item(key: Key, ok: bool, remedy: Action) -> Item:
    return Item(key, ok, None if ok else remedy)


def _way_out(protection: Protection) -> Action | None:
    """Return what helps while codes are on hold.

    If the wrong codes came from elsewhere, someone else may know the password.
    """
    if protection.hold is not None and not protection.hold.here:
        return "change_password"
    return "use_recovery" if protection.recovery else None
