"""Use cases of the operator: rotate keys, purge old rows, upgrade the tables."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ...core import vault
from ...core.errors import KeyMissing, SealBroken
from ...storage.transaction import Transaction
from ..context import Kit
from . import accounts

# Rows that `purge` removes in a transaction.
STEP = 2 * accounts.BATCH
Rest = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Rotation:
    """The result of a rotation of keys.

    Args:
        seen: number of sealed values.
        resealed: number of values sealed again under the newest key.
        failed: number of values that do not open or whose key is missing. They are not changed.
        missing: ids of the keys that are missing.
    """

    seen: int
    resealed: int
    failed: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purged:
    """Numbers of rows that were removed."""

    tickets: int
    events: int


class _Pace:
    """A rest after each batch that is as long as the batch took.

    So the requests of people have the database and a processor for half of the time.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest, self._since = rest, time.monotonic()

    def pause(self) -> None:
        """Rest after a batch."""
        self._rest(time.monotonic() - self._since)
        self._since = time.monotonic()


def rotate_keys(
    kit: Kit, progress: Callable[[int], None] = lambda _count: None, rest: Rest = time.sleep
) -> Rotation:
    """Seal all values again under the newest key.

    It can be interrupted at any time and run again. Each value is replaced by its own statement,
    if it has not changed since it was read. Values under the newest key are skipped.

    Args:
        kit: the application's parts.
        progress: called for each value with 1.
        rest: called after each batch with the seconds that it took.
    """
    seen = resealed = failed = 0
    missing: set[str] = set()
    pace = _Pace(rest)
    for value in kit.store.sealed_values(accounts.BATCH):
        seen += 1
        progress(1)
        if seen % accounts.BATCH == 0:
            pace.pause()
        purpose, context = _bound(value.table, value.user_id, value.row_id, value.kind)
        try:
            if not kit.vault.needs_reseal(value.sealed):
                continue
            fresh = kit.vault.seal(
                kit.vault.open(value.sealed, purpose, *context), purpose, *context
            )
        except (KeyMissing, SealBroken) as error:
            failed += 1
            if isinstance(error, KeyMissing):
                missing.add(error.key_id)
            continue
        if kit.store.reseal(value, fresh):
            resealed += 1
    return Rotation(seen, resealed, failed, tuple(sorted(missing)))


def _bound(table: str, user_id: str, row_id: str, kind: str) -> tuple[str, tuple[str, ...]]:
    if table == "authenticator":
        return vault.AUTHENTICATOR, (user_id, row_id)
    return vault.TICKET, (user_id, kind, row_id)


def purge(
    kit: Kit,
    events_before: int,
    progress: Callable[[int], None] = lambda _count: None,
    rest: Rest = time.sleep,
) -> Purged:
    """Remove expired tickets and old events, each batch in a short transaction.

    Args:
        kit: the application's parts.
        events_before: time before which events are removed (Unix seconds).
        progress: called after each batch with its size.
        rest: called after each batch with the seconds that it took.
    """
    now, pace = kit.clock(), _Pace(rest)

    def all_of(remove: Callable[[Transaction], int]) -> int:
        removed = 0
        while count := kit.store.run(remove):
            removed += count
            progress(count)
            pace.pause()
        return removed

    return Purged(
        all_of(lambda tx: tx.drop_expired_tickets(now, STEP)),
        all_of(lambda tx: tx.drop_events_before(events_before, STEP)),
    )


def upgrade_tables(kit: Kit) -> tuple[int, int]:
    """Upgrade the tables to the newest version; return the old and the new version."""
    return kit.store.upgrade()
