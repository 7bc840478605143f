"""Convert rows to records and values to columns. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, select

from ..core.records import Account, Authenticator, Event, KnownBrowser, Ticket
from ..core.throttle import Figures
from .tables import Tables


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A sealed value with the row it comes from."""

    table: str
    row_id: str
    user_id: str
    kind: str
    sealed: bytes = field(repr=False)


def _times(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",")) if text else ()


def times_as_text(times: tuple[int, ...]) -> str:
    """Return the times of attempts as their column stores them, separated by commas."""
    return ",".join(map(str, times))


# Ends a second key beside the one of an area where the user takes a passkey alone. An older release
# knows no area of that name, and asks all the same because of the first.
_ONLY = "!"


def keys_of(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the area keys in the text of a column, and those that take a passkey alone."""
    keys = frozenset(text.split())
    if _ONLY not in text:
        return keys, frozenset()
    plain = frozenset(key for key in keys if not key.endswith(_ONLY))
    return plain, plain & {key.removesuffix(_ONLY) for key in keys - plain}


def keys_as_text(keys: frozenset[str], only: frozenset[str] = frozenset()) -> str:
    """Return area keys as their column stores them, sorted, so that equal sets are equal texts."""
    return " ".join(sorted(keys | {f"{key}{_ONLY}" for key in only & keys} if only else keys))


def whole_account(tables: Tables) -> Select[Any]:
    """Return the SELECT of accounts joined with their authenticators."""
    account, authenticator = tables.account, tables.authenticator
    joined = account.outerjoin(authenticator, authenticator.c.user_id == account.c.user_id)
    columns = [column.label(f"of_{column.name}") for column in authenticator.c]
    return (
        select(account, *columns)
        .select_from(joined)
        .order_by(authenticator.c.created_at, authenticator.c.id)
    )


def having_account(tables: Tables, keys: Sequence[str]) -> Select[str]:
    """Return the SELECT of those of some keys whose users have an account."""
    return select(tables.account.c.user_id).where(tables.account.c.user_id.in_(keys))


def browser_of(row: Row[Any]) -> tuple[KnownBrowser | None, int]:
    """Return the known browser of the request and the number of the user's known browsers."""
    if row.browser_until is None:
        return None, row.browsers
    return KnownBrowser(row.browser_bound, row.browser_until), row.browsers


def account_of(
    rows: Sequence[Row[Any]],
    browser: KnownBrowser | None = None,
    browsers: int = 0,
    recovery_since: int | None = None,
) -> Account:
    """Return the account in the rows of `whole_account`.

    Args:
        rows: a row for each authenticator; there is at least one row.
        browser: the known browser of the request, if it was read.
        browsers: number of the user's known browsers, if it was read.
        recovery_since: time when the recovery code was made, if it was read.
    """
    first = rows[0]
    areas, only = keys_of(first.areas)
    authenticators = tuple(_authenticator_of(row) for row in rows if row.of_id is not None)
    # Wrong codes in a row are those since the last right code or the last `unlock`.
    cleared = max(first.failures_cleared, *(each.failures_at_use for each in authenticators), 0)
    known_cleared = max(first.known_cleared, *(each.known_at_use for each in authenticators), 0)
    return Account(
        user_id=first.user_id,
        areas=areas,
        activated_at=first.activated_at,
        recovery_hash=first.recovery_hash,
        failures=first.failures,
        codes=Figures(first.failures - cleared, _times(first.failures_recent)),
        known_failures=first.known_failures,
        known=Figures(first.known_failures - known_cleared, _times(first.known_recent)),
        recovery_attempts=first.recovery_attempts,
        recovery=Figures(first.recovery_attempts, _times(first.recovery_recent)),
        authenticators=authenticators,
        browser=browser,
        browsers=browsers,
        recovery_since=recovery_since,
        only=only,
        checked_at=first.checked_at,
        check_ups=first.check_ups_ended_at is None,
    )


def _authenticator_of(row: Row[Any]) -> Authenticator:
    return Authenticator(
        id=row.of_id,
        user_id=row.user_id,
        kind=row.of_kind,
        name=row.of_name,
        sealed=row.of_sealed,
        last_step=row.of_last_step,
        created_at=row.of_created_at,
        last_used_at=row.of_last_used_at,
        failures_at_use=row.of_failures_at_use,
        known_at_use=row.of_known_at_use,
        credential=row.of_credential,
        flags=row.of_flags,
    )


def ticket_of(row: Row[Any]) -> Ticket:
    """Return the ticket in a row."""
    return Ticket(row.digest, row.user_id, row.kind, row.area, row.sealed, row.expires_at)


def event_of(row: Row[Any]) -> Event:
    """Return the event in a row."""
    return Event(row.user_id, row.at, row.kind, row.area, row.address, row.detail, row.id)
