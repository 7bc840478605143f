"""Names that users give to their authenticators."""

from itertools import chain, count

from ..core.errors import NameUnusable
from ..core.records import Account

LONGEST = 40


def plain(name: str) -> str:
    """Return the name in one line, without invisible characters.

    Raises:
        NameUnusable: the result is empty or too long.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not name:
        raise NameUnusable("empty")
    if len(name) > LONGEST:
        raise NameUnusable("long")
    return name


def check_free(account: Account, name: str) -> None:
    """Refuse a name that an authenticator of the account has.

    Raises:
        NameUnusable: upper and lower case don't tell names apart.
    """
    if any(each.name.casefold() == name.casefold() for each in account.authenticators):
        raise NameUnusable("taken")


def free(account: Account, name: str) -> str:
    """Return a name that no authenticator of the account has, with a number if needed."""
    taken = {each.name.casefold() for each in account.authenticators}
    numbered = (f"{name} {number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each.casefold() not in taken)
