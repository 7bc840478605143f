"""The common settings and types of the host apps of all sides."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# Ada turns two-factor authentication on, Bob never does.
ADA, BOB = "ada@example.org", "bob@example.org"
PASSWORD = "plum-coffee-lantern-42"
# The bcrypt cost for passwords and recovery codes; at 12, hashing would hide all other costs.
COST = 4
SECRET = "only for measuring, and long enough for every framework"
ISSUER = "Customer Portal"
# Whether the hosts take passkeys; without, they are as they were before there were any.
PASSKEYS = os.environ.get("BENCH_PASSKEYS") == "1"
RP_ID, ORIGIN = "localhost", "http://localhost"


@dataclass(slots=True)
class Counted:
    """The counts of SQL statements, commits and calls of Python functions."""

    statements: int = 0
    commits: int = 0
    calls: int = 0


@dataclass(slots=True)
class App:
    """A host app to be measured.

    Args:
        wsgi: the application.
        counted: the counts, which grow while counting is on.
        count: turns the counting on or off, so that it costs nothing while time is measured.
        hooks: further functions of the process, by name: `forgive` makes the current code valid
            again and clears wrong ones, `load` adds a number of accounts.
    """

    wsgi: Callable[..., Any]
    counted: Counted
    count: Callable[[bool], object]
    hooks: dict[str, Callable[..., object]] = field(default_factory=dict)


def numbers(upto: int) -> str:
    """Return the start of a statement with the numbers from 1 as `n(i)`, for both databases."""
    return f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {upto}) "
