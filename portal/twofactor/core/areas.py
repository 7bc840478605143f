"""Areas of the host application that a code can protect, in the order of registration."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from .enrolment_errors import UnknownChoice
from .errors import SetupError, UnknownArea

Guards = Literal["deed", "view"]
# What an area demands of an answer, and what a host says of it: "choice" leaves it to each user.
Demand = Literal["passkey", "verified_passkey"]
Needs = Demand | Literal["choice"] | None

SIGN_IN = "sign_in"
# Answers to "When should we ask for a code?" in the wizard.
ALL, MINE = "all", "mine"
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Area:
    """A named part or action of the host application.

    Args:
        key: stable name, lower case, at most 40 characters.
        label: name for people; it may be a lazy string.
        description: one line shown under the label; it may be a lazy string.
        guards: "deed" guards all methods but GET, HEAD and OPTIONS; "view" guards all methods.
        mandatory: set by the operator; users cannot remove it from their choice.
        deed: completes "Enter a code to …", such as "change your password"; it may be lazy.
        needs: "passkey" takes no codes; "verified_passkey" also demands the device's verification;
            "choice" lets each user take a passkey alone.
        exact: an answer counts only together with the sealed form whose summary was shown.
    """

    key: str
    label: str
    description: str = ""
    guards: Guards = "deed"
    mandatory: bool = False
    deed: str = ""
    needs: Needs = None
    exact: bool = False


def _phrase(text: str) -> str:
    """Mark a phrase for translators."""
    return text


# Areas of this package itself. They ask for a code whenever 2FA is on; users can't choose them.
PREFERENCES = Area("preferences", "Fewer protected areas", deed=_phrase("remove protection"))
RECOVERY = Area("recovery_code", "New recovery code", deed=_phrase("create a new recovery code"))
DEACTIVATION = Area(
    "deactivation", "Deactivation", deed=_phrase("turn off two-factor authentication")
)
ENROLMENT = Area("enrolment", "Activation", deed=_phrase("turn on two-factor authentication"))
AUTHENTICATORS = Area("authenticators", "Authenticator apps", deed=_phrase("change your devices"))
CHECK_UP = Area("check_up", "Check-up", deed=_phrase("check that your codes work"))
BUILT_IN = {
    area.key: area
    for area in (PREFERENCES, RECOVERY, DEACTIVATION, ENROLMENT, AUTHENTICATORS, CHECK_UP)
}


@dataclass(frozen=True, slots=True)
class Offer:
    """The areas that a user may choose.

    Args:
        areas: the areas on offer, in order.
        mandatory: keys of the areas that are mandatory for this user.
    """

    areas: tuple[Area, ...]
    mandatory: frozenset[str]

    def chosen(self, keys: Iterable[str]) -> frozenset[str]:
        """Return the keys together with those of the mandatory areas.

        Raises:
            UnknownArea: a key is not on offer.
        """
        wanted = frozenset(keys)
        if not wanted <= {area.key for area in self.areas}:
            raise UnknownArea("unknown area")
        return wanted | self.mandatory

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the answers that the wizard offers; none if there is nothing to choose."""
        keys = {area.key for area in self.areas}
        if len(keys) < 2 or keys <= self.mandatory:
            return ()
        only = (SIGN_IN,) if SIGN_IN in keys else ()
        return (ALL, *only, MINE)

    def picked(self, choice: str, keys: Iterable[str]) -> frozenset[str]:
        """Return the areas of an answer, together with the mandatory ones.

        Args:
            choice: one of `choices`, or "" if there was no answer.
            keys: the areas that were ticked. They count with "" and with `MINE`.

        Raises:
            UnknownChoice: the answer is not on offer.
            UnknownArea: a key is not on offer.
        """
        if choice in ("", MINE):
            return self.chosen(keys)
        every = frozenset(area.key for area in self.areas)
        if choice == ALL:
            return every | self.mandatory
        if choice == SIGN_IN and SIGN_IN in every:
            return self.mandatory | {SIGN_IN}
        raise UnknownChoice("unknown choice")

    def choice_of(self, keys: frozenset[str]) -> str:
        """Return the answer that stands for these areas, to show it as selected."""
        for choice in self.choices[:-1]:
            if self.picked(choice, ()) == keys:
                return choice
        return MINE


@dataclass(frozen=True, slots=True)
class Choice:
    """The areas that a person ticked on a page, to be applied to those that are stored by then.

    Args:
        offer: the areas on offer.
        ticked: keys that are ticked, with those of the mandatory areas.
        shown: keys that the page showed as ticked, `None` if it did not say. Then `ticked` is the
            complete choice.
        only: keys of areas ticked to take a passkey alone, `None` to leave these as they are.
        only_shown: those that the page showed as ticked so, as `shown`.
    """

    offer: Offer
    ticked: frozenset[str]
    shown: frozenset[str] | None = None
    only: frozenset[str] | None = None
    only_shown: frozenset[str] | None = None

    @property
    def changes_nothing(self) -> bool:
        """Return whether the person left every box as the page showed it."""
        same_only = self.only is None or self.only == self.only_shown
        is_same = self.shown is not None and self.shown | self.offer.mandatory == self.ticked
        return is_same and same_only

    def applied(self, stored: frozenset[str]) -> frozenset[str]:
        """Return the areas to protect.

        Areas that are no longer on offer stay. So do areas that were changed elsewhere since the
        page was shown, unless the person changed them on this page, too.
        """
        offered = {area.key for area in self.offer.areas}
        shown = stored & offered if self.shown is None else self.shown & offered
        return (stored - (shown - self.ticked)) | (self.ticked - shown) | self.offer.mandatory

    def only_applied(self, stored: frozenset[str], areas: frozenset[str]) -> frozenset[str]:
        """Return the areas that take a passkey alone.

        Args:
            stored: those that do so now.
            areas: keys of the areas to protect, as `applied` returned them.
        """
        if self.only is None:
            return stored & areas
        ticked = self.only & {area.key for area in self.offer.areas if area.needs == "choice"}
        shown = stored if self.only_shown is None else self.only_shown
        return ((stored - (shown - ticked)) | (ticked - shown)) & areas


def _check_rules(area: Area) -> None:
    if area.guards not in ("deed", "view"):
        raise SetupError(f"area {area.key!r}: guards must be 'deed' or 'view'")
    if area.needs not in (None, "passkey", "verified_passkey", "choice"):
        raise SetupError(
            f"area {area.key!r}: needs must be 'passkey', 'verified_passkey' or 'choice'"
        )
    if area.exact and (area.guards == "view" or area.key == SIGN_IN):
        raise SetupError(f"area {area.key!r}: only a deed can be exact")


class AreaRegistry:
    """The areas of one extension object. None are added once an application is set up."""

    def __init__(self) -> None:
        self._areas: dict[str, Area] = {}
        # Keys of the areas that take no codes, with their `needs`.
        self.demanding: dict[str, Demand] = {}
        self.may_demand = False

    def add(self, area: Area) -> Area:
        """Add an area and return it.

        Raises:
            SetupError: the key is malformed, reserved or taken, the label is empty or taken, or
                `guards`, `needs` or `exact` is wrong.
        """
        if not _KEY.fullmatch(area.key):
            raise SetupError(
                f"area key {area.key!r}: write lower-case letters, digits and _, as 'close_account'"
            )
        if area.key in BUILT_IN:
            raise SetupError(f"area key {area.key!r} is kept for the blueprint: choose another")
        if area.key in self._areas:
            raise SetupError(f"area {area.key!r} is named twice: name each area once")
        # A lazy string (in a host with several languages) can't be read outside a request.
        if isinstance(area.label, str):
            if not area.label.strip():
                raise SetupError(f"area {area.key!r} has no label: say what people should read")
            if area.label in [other.label for other in self if isinstance(other.label, str)]:
                raise SetupError(f"label {area.label!r} is used twice: give each area its own")
        _check_rules(area)
        self.may_demand = self.may_demand or area.needs is not None
        if area.needs == "passkey" or area.needs == "verified_passkey":
            self.demanding[area.key] = area.needs
        self._areas[area.key] = area
        return area

    def get(self, key: str) -> Area:
        """Return the area with a key, also one of the blueprint's own.

        Raises:
            SetupError: there is no area with this key.
        """
        area = self._areas.get(key) or BUILT_IN.get(key)
        if area is None:
            known = ", ".join(self._areas) or "none"
            named: object = key  # a view, if the decorator was written without brackets
            advice = "name it with twofactor.area()"
            if callable(named):
                advice = 'write @twofactor.required("key")'
            raise SetupError(f"unknown area {key!r}: {advice} (known: {known})")
        return area

    def demand(self, key: str, only: frozenset[str]) -> Demand | None:
        """Return what an area demands of an answer.

        Args:
            key: of the area.
            only: as `Account.only`.
        """
        return self.demanding.get(key) or ("passkey" if key in only else None)

    def known(self, keys: Iterable[str]) -> frozenset[str]:
        """Return the keys of areas among some keys; the blueprint's own areas are left out."""
        return frozenset(keys) & self._areas.keys()

    def named(self, keys: object, source: str) -> tuple[str, ...]:
        """Check the area keys that a function of the host returned, and return them as a tuple.

        Args:
            keys: the return value.
            source: name of the function, for the error.

        Raises:
            SetupError: the value is a text, is not iterable or holds an unknown key.
        """
        if isinstance(keys, str | bytes) or not isinstance(keys, Iterable):
            raise SetupError(
                f"{source} must return keys of areas, e.g. a list such as ['sign_in'], not {keys!r}"
            )
        found = tuple(keys)
        for key in found:
            if not isinstance(key, str) or key not in self._areas:
                known = ", ".join(self._areas) or "none"
                raise SetupError(
                    f"{source} returned {key!r}, which is the key of no area (known: {known})"
                )
        return found

    def offer(self, offered: Iterable[str] | None = None, mandatory: Iterable[str] = ()) -> Offer:
        """Return the areas that a user may choose.

        Args:
            offered: keys of the areas on offer; all by default.
            mandatory: keys mandatory for this user, besides those mandatory for all.

        Raises:
            SetupError: a key is unknown.
        """
        must = {self.get(key).key for key in mandatory} | {a.key for a in self if a.mandatory}
        keys = self._areas.keys() if offered is None else {self.get(key).key for key in offered}
        return Offer(tuple(a for a in self if a.key in keys or a.key in must), frozenset(must))

    def __iter__(self) -> Iterator[Area]:
        return iter(self._areas.values())

    def __contains__(self, key: object) -> bool:
        return key in self._areas

    def __len__(self) -> int:
        return len(self._areas)
