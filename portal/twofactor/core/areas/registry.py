"""The areas of an extension object, in the order of registration."""

import re
from collections.abc import Iterable, Iterator

from ..errors import SetupError
from .area import BUILT_IN, SIGN_IN, Area, Demand
from .choice import Offer

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


def _check_rules(area: Area) -> None:
    if area.guards not in ("action", "access"):
        raise SetupError(f"area {area.key!r}: guards must be 'action' or 'access'")
    if area.needs not in (None, "passkey", "verified_passkey", "choice"):
        raise SetupError(
            f"area {area.key!r}: needs must be 'passkey', 'verified_passkey' or 'choice'"
        )
    if area.exact and (area.guards == "access" or area.key == SIGN_IN):
        raise SetupError(f"area {area.key!r}: only an action can be exact")


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
        if not isinstance(area.key, str) or not _KEY.fullmatch(area.key):
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

    def demand_too(self, key: str, needs: Demand | None) -> None:
        """Let one of the blueprint's own areas demand what another one does.

        Args:
            key: of the blueprint's own area.
            needs: the demand, `None` for none.
        """
        if needs is not None:
            self.may_demand = True
            self.demanding[key] = needs

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
