"""The areas that a user may choose, and the choice that a page sends."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..enrolment_errors import UnknownChoice
from ..errors import UnknownArea
from .area import SIGN_IN, Area, OwnArea

# Answers to "When should we ask for a code?" in the wizard.
ALL, MINE = "all", "mine"


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

    def without(self, key: str) -> "Offer":
        """Return the offer without an area of this package (`OwnArea`), if it is on it."""
        left = tuple(a for a in self.areas if a.key != key or not isinstance(a, OwnArea))
        if len(left) == len(self.areas):
            return self
        return Offer(left, self.mandatory - {key})

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
        """Return the areas that take a passkey alone; areas no longer on offer stay as they are.

        Args:
            stored: those that do so now.
            areas: keys of the areas to protect, as `applied` returned them.
        """
        if self.only is None:
            return stored & areas
        offered = {area.key for area in self.offer.areas}
        ticked = self.only & {area.key for area in self.offer.areas if area.needs == "choice"}
        shown = (stored if self.only_shown is None else self.only_shown) & offered
        return ((stored - (shown - ticked)) | (ticked - shown)) & areas
