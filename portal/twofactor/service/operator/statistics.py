"""The figures that an operator is asked for."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from ..context import Kit
from .accounts import BATCH, overview

WEEK = 7 * 86_400
# 1 January 1970 was a Thursday: weeks begin three days before, on a Monday.
_MONDAY = -3 * 86_400


@dataclass(frozen=True, slots=True)
class Week:
    """What happened in a week.

    Args:
        week: its Monday (UTC).
        activated: how often two-factor authentication was switched on.
        deactivated: how often its user switched it off, with a code or the recovery code.
        reset: how often an operator switched it off.
        codes_accepted: codes that were right.
        codes_wrong: codes that were not.
    """

    week: str
    activated: int
    deactivated: int
    reset: int
    codes_accepted: int
    codes_wrong: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Who uses it, now and week by week.

    Args:
        users: users of the application, `None` when it does not tell.
        on: those who have two-factor authentication.
        held: those whose codes are not judged now, the locked ones included.
        locked: those whose codes are locked until an operator unlocks them.
        recovery_held: those whose recovery code is not judged now.
        areas: how many protect each area.
        weeks: the latest weeks, the present one last.
    """

    users: int | None
    on: int
    held: int
    locked: int
    recovery_held: int
    areas: dict[str, int]
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class HeldAccounts:
    """How many accounts are held at this moment; the words are those of `Figures`."""

    held: int = 0
    locked: int = 0
    recovery_held: int = 0


def figures(kit: Kit, users: int | None, weeks: int) -> Figures:
    """Count everything.

    Args:
        kit: the application's parts.
        users: how many users the application has, if it tells.
        weeks: how many weeks to look back, the present one included.
    """
    choices = kit.store.count_by_areas()
    held = held_accounts(kit)
    return Figures(
        users=users,
        on=sum(choices.values()),
        held=held.held,
        locked=held.locked,
        recovery_held=held.recovery_held,
        areas={
            area.key: sum(count for chosen, count in choices.items() if area.key in chosen)
            for area in kit.areas
        },
        weeks=_weeks(kit, weeks),
    )


def held_accounts(kit: Kit) -> HeldAccounts:
    """Count the held accounts; only those with a wrong answer are looked at."""
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
        )

    return tuple(week(number) for number in range(weeks))
