"""Sessions in which nobody is signed in; they are sealed into the cookie and have no row.

So visitors, and programs that request the sign-in page all day, leave nothing in the database. Such
a cookie never signs anybody in, whatever it contains.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.security.sealing import VISIT, seal, secret_keys, unseal

PREFIX = "visit."  # of the cookie; tokens of the table have no dot
LONGEST = 4096  # browsers drop longer cookies


@dataclass(frozen=True, slots=True)
class Visit:
    """The start of a session without a user and the time of its cookie, both in Unix seconds."""

    created_at: int
    issued_at: int


def read(config: Mapping[str, Any], cookie: str, now: int) -> tuple[Visit, str] | None:
    """Return the session in a cookie and its content, or `None` if it is expired or not ours."""
    if len(cookie) > LONGEST:
        return None
    text = unseal(VISIT, cookie.removeprefix(PREFIX), *secret_keys(config))
    if text is None:
        return None
    created, issued, content = text.split(" ", 2)
    visit = Visit(int(created), int(issued))
    return (visit, content) if _is_live(config, visit, now) else None


def write(config: Mapping[str, Any], visit: Visit, content: str) -> str:
    """Return the cookie of a session."""
    text = f"{visit.created_at} {visit.issued_at} {content}"
    return PREFIX + seal(config["SECRET_KEY"], VISIT, text)


def _is_live(config: Mapping[str, Any], visit: Visit, now: int) -> bool:
    idle, age = now - visit.issued_at, now - visit.created_at
    return bool(idle < config["SESSION_IDLE_SECONDS"] and age < config["SESSION_ABSOLUTE_SECONDS"])
