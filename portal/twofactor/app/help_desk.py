"""The help desk of an application: its options, and who may use it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.areas import Demand, OwnArea
from ..core.errors import SetupError
from ..core.help_desk import Right, checked_rights
from ..i18n.catalogue import later

AREA = "help_desk"


@dataclass(frozen=True, slots=True)
class HelpDesk:
    """The options of `TwoFactor.help_desk`.

    Args:
        may: returns the rights of a user.
        checklist: what an agent must have asked the caller, one text for each box.
        two_people: whether a reset needs a second agent.
    """

    may: Callable[[Any], Iterable[str] | None]
    checklist: tuple[object, ...]
    two_people: bool

    def rights_of(self, user: Any) -> frozenset[Right]:
        """Return the rights of a signed-in user, none for nobody.

        Raises:
            SetupError: the host's function returned something else.
        """
        if user is None or not user.is_authenticated:
            return checked_rights(None)
        return self.rights_given(user)

    def rights_given(self, user: Any) -> frozenset[Right]:
        """Return the rights of a user who need not be let in now, e.g. one who is blocked.

        Raises:
            SetupError: the host's function returned something else.
        """
        return checked_rights(self.may(user))


def area_of(needs: Demand | None) -> OwnArea:
    """Return the area of the pages.

    Args:
        needs: what it demands of an agent's answer, `None` to take codes as well.
    """
    return OwnArea(
        AREA,
        later("Help desk"),
        later("When you help customers"),
        guards="access",
        mandatory=True,
        action=later("use the help desk"),
        needs=needs,
    )


def checked(may: Any, checklist: Sequence[object], two_people: Any) -> HelpDesk:
    """Return the options, checked.

    Raises:
        SetupError: an option has a wrong type; the message names it.
    """
    if not callable(may):
        raise SetupError(f"help_desk: may must be a function that returns rights, not {may!r}")
    if isinstance(checklist, str | bytes):
        raise SetupError("help_desk: checklist must be a list of texts")
    if not isinstance(two_people, bool):
        raise SetupError(f"help_desk: two_people must be True or False, not {two_people!r}")
    return HelpDesk(may, tuple(checklist), two_people)
