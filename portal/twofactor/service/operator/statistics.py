"""Statistics of two-factor authentication, for operators."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from ...methods.flags import SYNCED
from ..context import Kit
from .accounts import BATCH, overview

WEEK = 7 * 86_400
# How many weeks can be asked for: ten years.
MOST_WEEKS = 520
# 1 January 1970 was a Thursday; its week began three days before, on a Monday.
_MONDAY = -3 * 86_400


@dataclass(frozen=True, slots=True)
class Week:
    """Counts of a week.

    Args:
        week: its Monday (UTC).
        activated: number of times two-factor authentication was turned on.
        deactivated: number of times users turned it off, with a code, a passkey or the recovery
            code.
        reset: number of times operators turned it off.
        codes_accepted: number of right codes.
        codes_wrong: number of wrong codes.
        imported: number of users whose second factor operators imported.
    """

    week: str
    activated: int
    deactivated: int
    reset: int
    codes_accepted: int
    codes_wrong: int
    imported: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of users, now and by week.

    Args:
        users: users of the application, `None` if unknown.
        on: users with two-factor authentication.
        held: users whose codes are not judged now, including locked ones.
        locked: users whose codes are locked until an operator unlocks them.
        recovery_held: users whose recovery codes are not judged now.
        passkeys: passkeys of all users.
        synced: passkeys that are on several devices, as their last answer said.
        areas: users who protect an area, by its key.
        weeks: the latest weeks, the current week last.
    """

    users: int | None
    on: int
    held: int
    locked: int
    recovery_held: int
    passkeys: int
    synced: int
    areas: dict[str, int]
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class HeldAccounts:
    """Numbers of accounts that are held now; the fields are those of `Figures`."""

    held: int = 0
    locked: int = 0
    recovery_held: int = 0


def figures(kit: Kit, users: int | None, weeks: int) -> Figures:
    """Return all figures.

    Args:
        kit: the application's parts.
        users: number of users of the application, `None` if unknown.
        weeks: number of weeks, including the current week.
    """
    choices = kit.store.count_by_areas()
    held = held_accounts(kit)
    passkeys, synced = kit.store.count_passkeys(SYNCED)
    return Figures(
        users=users,
        on=sum(choices.values()),
        held=held.held,
        locked=held.locked,
        recovery_held=held.recovery_held,
        passkeys=passkeys,
        synced=synced,
        areas={
            area.key: sum(count for chosen, count in choices.items() if area.key in chosen)
            for area in kit.areas
        },
        weeks=_weeks(kit, weeks),
    )


def held_accounts(kit: Kit) -> HeldAccounts:
    """Count the held accounts; only accounts with past attempts are read."""
    held = locked = recovery_held = 0
    for account in kit.store.accounts(BATCH, tried=True):
        each = overview(kit, account)
        held += each.held_until is not None
        locked += each.held_until is not None and math.isinf(each.held_until)
        recovery_held += each.recovery_held_until is not None
    return HeldAccounts(held, locked, recovery_held)


def _weeks(kit: Kit, weeks: int) -> tuple[Week, ...]:
    present = int(kit.clock() - _MONDAY) // WEEK
    first = (present - weeks + 1) * WEEK + _MONDAY
    counts = kit.store.count_events(first, WEEK)

    def week(number: int) -> Week:
        def of(*kinds: str) -> int:
            return sum(counts.get((number, kind), 0) for kind in kinds)

        return Week(
            week=f"{datetime.fromtimestamp(first + number * WEEK, UTC):%Y-%m-%d}",
            activated=of("activated"),
            deactivated=of("deactivated"),
            reset=of("reset"),
            codes_accepted=of("code_accepted"),
            codes_wrong=of("code_wrong", "locked"),
            imported=of("imported"),
        )

    return tuple(week(number) for number in range(weeks))
