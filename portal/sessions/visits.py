"""Sessions in which nobody is signed in: all of one is sealed into its cookie and makes no row.

So a visitor who only looks, or a program that asks for the sign-in page all day, leaves nothing in
the database. Such a cookie never says that somebody is signed in, whoever has made or kept it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.security.sealing import VISIT, seal, secret_keys, unseal

PREFIX = "visit."  # a token of the table has no dot in it
LONGEST = 4096  # browsers keep no longer cookie


@dataclass(frozen=True, slots=True)
class Visit:
    """A session of nobody, as its cookie tells: when it began, and when the cookie was made."""

    created_at: int
    issued_at: int


def is_visit(cookie: str) -> bool:
    """Whether the cookie holds a session itself, rather than the token of one in the table."""
    return cookie.startswith(PREFIX)


def read(config: Mapping[str, Any], cookie: str, now: int) -> tuple[Visit, str] | None:
    """The session in a cookie, and its content; `None` when it has run out or is not ours."""
    if len(cookie) > LONGEST:
        return None
    text = unseal(VISIT, cookie.removeprefix(PREFIX), *secret_keys(config))
    if text is None:
        return None
    created, issued, content = text.split(" ", 2)
    visit = Visit(int(created), int(issued))
    return (visit, content) if _is_live(config, visit, now) else None


def write(config: Mapping[str, Any], visit: Visit, content: str) -> str:
    """The cookie of a session."""
    text = f"{visit.created_at} {visit.issued_at} {content}"
    return PREFIX + seal(config["SECRET_KEY"], VISIT, text)


def _is_live(config: Mapping[str, Any], visit: Visit, now: int) -> bool:
    idle, age = now - visit.issued_at, now - visit.created_at
    return bool(idle < config["SESSION_IDLE_SECONDS"] and age < config["SESSION_ABSOLUTE_SECONDS"])
