"""The rights of an agent, as the host's `may` returns them."""

from collections.abc import Iterable
from typing import Literal, get_args

from ..errors import SetupError

Right = Literal["look", "unlock", "reset"]
# Find users and look at them; end the wait after wrong codes; remove devices, reset, start over.
LOOK: Right = "look"
UNLOCK: Right = "unlock"
RESET: Right = "reset"
_ALL = frozenset(get_args(Right))
_NONE: frozenset[Right] = frozenset()


def checked_rights(found: object) -> frozenset[Right]:
    """Return the rights of an agent, none without "look".

    Args:
        found: what the host's `may` returned; `None` for nobody.

    Raises:
        SetupError: it is no collection of rights.
    """
    if found is None:
        return _NONE
    if isinstance(found, str | bytes) or not isinstance(found, Iterable):
        raise SetupError(f'may must return rights, e.g. {{"look", "unlock"}}, not {found!r}')
    rights = frozenset(found)
    if not rights <= _ALL:
        wrong = sorted(map(str, rights - _ALL))
        raise SetupError(f"may returned {wrong}: the rights are {sorted(_ALL)}")
    return rights if LOOK in rights else _NONE
