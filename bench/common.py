"""What the host apps of all sides have in common, so that their settings are equal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# One person switches it on, the other never does.
ADA, BOB = "ada@example.org", "bob@example.org"
PASSWORD = "plum-coffee-lantern-42"
# bcrypt's, for passwords and recovery codes: the hash would hide everything else at 12.
COST = 4
SECRET = "only for measuring, and long enough for every framework"
ISSUER = "Customer Portal"


@dataclass(slots=True)
class Counted:
    """What went to the database, and how many Python functions were called."""

    statements: int = 0
    commits: int = 0
    calls: int = 0


@dataclass(slots=True)
class App:
    """A host app to be measured.

    Args:
        wsgi: the application.
        counted: grows while `count` is on.
        count: switches the counting on or off, so that it costs nothing while time is taken.
        hooks: what else can be asked of the process, by name: `forgive` makes the code of this
            moment good again and forgets wrong ones, `load` adds so many accounts.
    """

    wsgi: Callable[..., Any]
    counted: Counted
    count: Callable[[bool], object]
    hooks: dict[str, Callable[..., object]] = field(default_factory=dict)


def numbers(upto: int) -> str:
    """The head of a statement that has the numbers from 1 as `n(i)`, in SQLite and PostgreSQL."""
    return f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {upto}) "
