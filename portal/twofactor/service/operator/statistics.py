"""Statistics of two-factor authentication, for operators."""

import math
from collections.abc import Mapping
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
# Kinds of events after which one user more, or fewer, has it on.
_TURNED_ON = ("activated", "imported", "undone deactivated", "undone reset")
_TURNED_OFF = ("deactivated", "reset", "undone activated (lowered)")


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
        on: number of users who had it on at the end of the week, or now. It is computed backwards
            from the number now, so users whose accounts were closed are not in it. `None` if the
            events since then are not kept.
        passkeys_accepted: number of right answers with a passkey.
        passkeys_refused: number of answers with a passkey that were refused.
        held: number of times that wrong codes put codes on hold.
        locked: number of times that wrong codes locked codes; they are wrong codes as well.
        started_over: number of links to start over that were sent. One that is used is a reset.
    """

    week: str
    activated: int
    deactivated: int
    reset: int
    codes_accepted: int
    codes_wrong: int
    imported: int
    on: int | None
    passkeys_accepted: int
    passkeys_refused: int
    held: int
    locked: int
    started_over: int


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
        with_app: users with an authenticator app.
        with_passkey: users with a passkey.
        with_both: users with both.
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
    with_app: int
    with_passkey: int
    with_both: int
    areas: dict[str, int]
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class HeldAccounts:
    """Numbers of accounts that are held now; the fields are those of `Figures`."""

    held: int = 0
    locked: int = 0
    recovery_held: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of events by week and kind (`Counting.count_events`)."""

    by_week: Mapping[tuple[int, str], int]

    def of(self, week: int, *kinds: str) -> int:
        """Return the number of events of some kinds in a week."""
        return sum(self.by_week.get((week, kind), 0) for kind in kinds)

    def rise(self, week: int) -> int:
        """Return by how many more users had it on at the end of a week than at its beginning."""
        return self.of(week, *_TURNED_ON) - self.of(week, *_TURNED_OFF)


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
    with_app, with_passkey, with_both = kit.store.count_by_kinds()
    on = sum(choices.values())
    return Figures(
        users=users,
        on=on,
        held=held.held,
        locked=held.locked,
        recovery_held=held.recovery_held,
        passkeys=passkeys,
        synced=synced,
        with_app=with_app,
        with_passkey=with_passkey,
        with_both=with_both,
        areas={
            area.key: sum(count for chosen, count in choices.items() if area.key in chosen)
            for area in kit.areas
        },
        weeks=_weeks(kit, weeks, on),
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


def _weeks(kit: Kit, weeks: int, on: int) -> tuple[Week, ...]:
    present = int(kit.clock() - _MONDAY) // WEEK
    first = (present - weeks + 1) * WEEK + _MONDAY
    counts = Counts(kit.store.count_events(first, WEEK))
    oldest = kit.store.first_event_at()
    found: list[Week] = []
    for number in reversed(range(weeks)):
        begin = first + number * WEEK
        is_known = on == 0 or number == weeks - 1 or (oldest is not None and oldest < begin + WEEK)
        found.append(_week(counts, number, begin, on if is_known else None))
        on = max(0, on - counts.rise(number))
    return tuple(reversed(found))


def _week(counts: Counts, number: int, begin: int, on: int | None) -> Week:
    def of(*kinds: str) -> int:
        return counts.of(number, *kinds)

    return Week(
        week=f"{datetime.fromtimestamp(begin, UTC):%Y-%m-%d}",
        activated=of("activated"),
        deactivated=of("deactivated"),
        reset=of("reset"),
        codes_accepted=of("code_accepted"),
        codes_wrong=of("code_wrong", "locked"),
        imported=of("imported"),
        on=on,
        passkeys_accepted=of("passkey_accepted"),
        passkeys_refused=of("passkey_refused", "passkey_suspect"),
        held=of("held"),
        locked=of("locked"),
        started_over=of("start_over"),
    )
