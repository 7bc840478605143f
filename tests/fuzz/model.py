"""A small model of DESIGN.md: accounts, tickets, the throttle; written without a look at the code.

Time comes from the same clock as the product's; everything else is kept here.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from .rfc6238 import PERIOD, code_at
from .words import CODE, RECOVERY, Typed

DAY = 86_400
WAITS = (0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920)
LONGEST_WAIT = 3600
LOCKED = math.inf


@dataclass(frozen=True)
class Area:
    """A protected part of a host; `own` marks the deeds of the blueprint itself."""

    key: str
    guards: str = "deed"
    mandatory: bool = False
    own: bool = False


PREFERENCES = Area("preferences", own=True)


@dataclass
class Phone:
    """An authenticator; its `number` is learned from the page of preferences."""

    name: str
    secret: bytes
    last: int
    number: str = ""


@dataclass
class Account:
    """The two-factor state of a user who has it on."""

    areas: frozenset[str]
    recovery: str
    phones: list[Phone]
    failures: int = 0
    run: int = 0
    wrong: list[int] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)


@dataclass(eq=False)
class Ticket:
    """Something short-lived; the same object in every copy of a session's cookie."""

    kind: str
    user: str
    area: str
    until: int
    data: dict[str, Any]
    gone: bool = False


@dataclass
class Session:
    """What a browser's cookie holds."""

    user: str | None = None
    marks: dict[str, Ticket] = field(default_factory=dict)
    csrf: str | None = None

    def copy(self) -> "Session":
        return replace(self, marks=dict(self.marks))

    def become(self, other: "Session") -> None:
        self.user, self.marks, self.csrf = other.user, dict(other.marks), other.csrf


class Refused(Exception):
    """A deed that does not happen; `kept` says whether the page carries the original form."""

    def __init__(
        self,
        error: str = "invalid",
        area: str | None = None,
        *,
        wait: int | range | None = None,
        kept: bool = True,
        name: str = "",
    ) -> None:
        super().__init__(name or error)
        self.error, self.area, self.wait, self.kept = f"twofactor_{error}", area, wait, kept
        self.name = name or error
        self.user = ""

    @property
    def status(self) -> int:
        if self.error == "twofactor_done":
            return 409
        return 429 if self.error == "twofactor_throttled" else 403


def held_until(run: int, wrong: list[int], phones: int) -> float:
    """DESIGN "Throttle": when the next code is judged, by what went wrong so far.

    Several phones share the 50 of 30 days.
    """
    if run >= 100:
        return LOCKED
    ends = [0]
    if run >= 5:
        ends.append(wrong[-1] + (WAITS[run] if run < len(WAITS) else LONGEST_WAIT))
    if len(wrong) >= 10:
        ends.append(wrong[-10] + DAY)
    if len(wrong) >= 50 // phones:
        ends.append(wrong[-(50 // phones)] + 30 * DAY)
    return max(ends)


def recovery_held_until(tried: list[int]) -> float:
    """The recovery code's own throttle: 5 in 15 minutes, 20 in 24 hours."""
    ends = [0]
    if len(tried) >= 5:
        ends.append(tried[-5] + 15 * 60)
    if len(tried) >= 20:
        ends.append(tried[-20] + DAY)
    return max(ends)


class Model:
    """All users of one application."""

    def __init__(self, clock: Callable[[], float], areas: Iterable[Area]) -> None:
        self.clock = clock
        self.areas = {area.key: area for area in areas}
        self.mandatory = frozenset(a.key for a in self.areas.values() if a.mandatory)
        self.accounts: dict[str, Account] = {}
        self.tickets: list[Ticket] = []
        self.deeds: list[Any] = []
        self.done_forms: set[int] = set()

    @property
    def now(self) -> float:
        return self.clock()

    # tickets

    def issue(self, kind: str, user: str, seconds: int, area: str = "", **data: Any) -> Ticket:
        ticket = Ticket(kind, user, area, int(self.now) + seconds, data)
        self.tickets.append(ticket)
        return ticket

    def good(self, ticket: Ticket | None, user: str | None = None) -> bool:
        if ticket is None or ticket.gone or self.now >= ticket.until:
            return False
        return user is None or ticket.user == user

    def end_tickets(self, user: str, spare: str = "") -> None:
        for ticket in self.tickets:
            if ticket.user == user and ticket.kind != spare:
                ticket.gone = True

    # answers

    def judge(self, user: str, typed: Typed) -> None:
        """A code of the authenticator: refused, or right and used up."""
        if typed.means != CODE:
            raise Refused(name="malformed")
        account = self.accounts.get(user)
        if account is None:
            raise Refused(name="not on")
        until = held_until(account.run, account.wrong, len(account.phones))
        if until > self.now:
            raise Refused("throttled", wait=self.wait(until), name="held")
        present = int(self.now) // PERIOD
        matched = [
            (step, phone)
            for phone in account.phones
            for step in (present - 1, present, present + 1)
            if code_at(phone.secret, step) == typed.value
        ]
        if not matched:
            account.failures += 1
            account.run += 1
            account.wrong = [*account.wrong[-49:], math.ceil(self.now)]
            until = held_until(account.run, account.wrong, len(account.phones))
            raise Refused(wait=self.wait(until) if until > self.now else None, name="wrong")
        step, phone = matched[-1]
        if step <= phone.last:
            begins = (phone.last + 1) * PERIOD
            ahead = begins > self.now
            raise Refused(
                wait=math.ceil(begins - self.now) if ahead else range(1, PERIOD + 1), name="used"
            )
        phone.last, account.run = step, 0

    def wait(self, until: float) -> int:
        return DAY if until == LOCKED else max(1, math.ceil(until - self.now))

    def judge_recovery(self, user: str, typed: Typed) -> None:
        """A recovery code: refused, or right, which switches two-factor authentication off."""
        if typed.means != RECOVERY:
            raise Refused(name="malformed")
        account = self.accounts.get(user)
        if account is None:
            raise Refused(name="not on")
        until = recovery_held_until(account.tried)
        if until > self.now:
            raise Refused("throttled", wait=self.wait(until), name="recovery held")
        account.tried.append(math.ceil(self.now))
        if typed.value != account.recovery:
            raise Refused(name="recovery wrong")
        self.switch_off(user)

    def switch_off(self, user: str) -> None:
        del self.accounts[user]
        self.end_tickets(user)

    def chosen(self, user: str) -> list[str]:
        account = self.accounts.get(user)
        areas = account.areas if account else frozenset()
        return [key for key in self.areas if key in areas or key in self.mandatory]
