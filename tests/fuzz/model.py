"""A small model of DESIGN.md (accounts, tickets, throttle), written independently of the code.

It uses the same clock as the product, and keeps everything else itself.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from .rfc6238 import PERIOD, code_at
from .words import CODE, RECOVERY, Typed

DAY = 86_400
WAITS = (0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920)
LONGEST_WAIT = 3600
LOCKED = math.inf
KNOWN_SECONDS, MOST_KNOWN = 180 * DAY, 10
# Error codes for programs begin with the blueprint's name, except these.
BARE = ("enrolment_required",)


@dataclass(frozen=True)
class Area:
    """A protected part of a host; `own` marks deeds of the blueprint itself.

    `exact`: a code counts only together with the form that the session was shown last.
    """

    key: str
    guards: str = "action"
    mandatory: bool = False
    own: bool = False
    exact: bool = False


PREFERENCES = Area("preferences", own=True)


# Areas whose deeds take something of the owner's away.
TAKING = ("preferences", "recovery_code")


@dataclass
class Phone:
    """An authenticator; its `number` is learned from the page of preferences."""

    name: str
    secret: bytes
    last: int
    number: str = ""
    # From when it counts for everything; a code that adds a phone may have been phished.
    counts: int = 0


@dataclass
class Wrong:
    """Wrong codes: the total, the run, and the times of the latest."""

    ever: int = 0
    run: int = 0
    times: list[int] = field(default_factory=list)

    def one_more(self, now: float) -> None:
        self.ever += 1
        self.run += 1
        self.times = [*self.times[-49:], math.ceil(now)]


@dataclass
class Account:
    """The two-factor state of an enrolled user; wrong codes of known browsers count separately."""

    areas: frozenset[str]
    recovery: str
    phones: list[Phone]
    codes: Wrong = field(default_factory=Wrong)
    known: Wrong = field(default_factory=Wrong)
    tried: list[int] = field(default_factory=list)


@dataclass(eq=False)
class Ticket:
    """A short-lived record; all copies of a session's cookie share the object."""

    kind: str
    user: str
    area: str
    until: int
    data: dict[str, Any]
    gone: bool = False


@dataclass
class Jar:
    """A browser's cookies as a known browser, by user: for codes and for passwords."""

    codes: dict[str, Ticket] = field(default_factory=dict)
    passwords: dict[str, Any] = field(default_factory=dict)


@dataclass
class Session:
    """The content of a browser's session.

    `outstanding`: a second factor must be set up before anything else. `recovered`: the person is
    reminded that there is none. `wrong`: wrong passwords in a row.
    """

    user: str | None = None
    marks: dict[str, Ticket] = field(default_factory=dict)
    csrf: str | None = None
    outstanding: bool = False
    recovered: bool = False
    wrong: int = 0
    link: Any = None

    def copy(self) -> "Session":
        return replace(self, marks=dict(self.marks))

    def become(self, other: "Session") -> None:
        vars(self).update(vars(other.copy()))


class Refused(Exception):
    """A refused deed; `kept` says whether the page carries the original form."""

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
        self.error = error if error in BARE else f"twofactor_{error}"
        self.area, self.wait, self.kept = area, wait, kept
        self.name, self.more = name or error, frozenset[str]()
        self.user = ""

    @property
    def status(self) -> int:
        if self.error == "twofactor_done":
            return 409
        return 429 if self.error == "twofactor_throttled" else 403


def held_until(figures: Wrong, phones: int) -> float:
    """The time when the next code is judged, from the wrong ones so far (DESIGN "Throttle").

    Several phones share the allowance of 50 codes in 30 days.
    """
    run, wrong = figures.run, figures.times
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
    """The time when the next recovery code is judged: 5 in 15 minutes, 20 in 24 hours."""
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
        self.forgotten: dict[str, int] = {}  # until when wrong codes are not forgotten again
        self.attempts = Counter[tuple[str, str]]()  # events about codes by user and kind
        self.jar = Jar()  # the cookies of the browser whose request is answered

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

    def end_tickets(self, user: str, spare: str = "", known: Ticket | None = None) -> None:
        for ticket in self.tickets:
            if ticket.user == user and ticket.kind != spare and ticket is not known:
                ticket.gone = True

    def end_unfinished(self, user: str, kind: str) -> None:
        """End earlier unfinished enrolments and additions; a user has one of each, the latest."""
        for ticket in self.tickets:
            if ticket.user == user and ticket.kind == kind:
                ticket.gone = True

    def just_begun(self, kind: str, user: str) -> Ticket | None:
        """The user's enrolment of this kind that was begun within the last minute."""
        for ticket in self.tickets:
            begun = ticket.until > int(self.now) + 900 - 60
            if ticket.kind == kind and begun and self.good(ticket, user):
                return ticket
        return None

    # known browsers

    def known_here(self, user: str) -> Ticket | None:
        """The ticket that makes this a known browser of the user, if it is valid."""
        ticket = self.jar.codes.get(user)
        return ticket if self.good(ticket, user) else None

    def know(self, user: str) -> None:
        """Make this browser known after a right code, or extend the time it is known."""
        ticket = self.known_here(user)
        if ticket is not None:
            if ticket.until <= int(self.now) + KNOWN_SECONDS - DAY:
                ticket.until = int(self.now) + KNOWN_SECONDS
            return
        others = [each for each in self.tickets if each.kind == "known" and self.good(each, user)]
        if len(others) >= MOST_KNOWN:
            min(others, key=lambda each: (each.until, _digest(each.data["id"]))).gone = True
        self.jar.codes[user] = self.issue("known", user, KNOWN_SECONDS)

    def figures(self, user: str) -> Wrong:
        """The wrong codes that count for a code from this browser."""
        account = self.accounts[user]
        return account.known if self.known_here(user) else account.codes

    # answers

    def judge(self, user: str, typed: Typed, barred: Phone | None = None, area: str = "") -> None:
        """Judge a code of an authenticator: refuse it, or use it up.

        A code of the barred phone is refused, but neither counted nor used up. So is that of a
        phone that a code added within the last day, where it takes something of the owner's away.
        """
        if typed.means != CODE:
            raise Refused(name="malformed")
        account = self.accounts.get(user)
        if account is None:
            raise Refused(name="not on")
        figures, phones = self.figures(user), len(account.phones)
        until = held_until(figures, phones)
        if until > self.now:
            raise Refused("throttled", wait=self.wait(until), name="held")
        present = int(self.now) // PERIOD
        matched = [
            (phone is not barred, step > phone.last, step, phone)
            for phone in account.phones
            for step in (present - 1, present, present + 1)
            if code_at(phone.secret, step) == typed.value
        ]
        if not matched:
            figures.one_more(self.now)
            until = held_until(figures, phones)
            self.attempts[user, "locked" if until == LOCKED else "code_wrong"] += 1
            self.attempts[user, "held"] += self.now < until < LOCKED
            raise Refused(wait=self.wait(until) if until > self.now else None, name="wrong")
        _, _, step, phone = max(matched, key=lambda each: each[:3])
        if phone is barred:
            raise Refused(name="own code")
        takes = area in TAKING or (barred is not None and barred.counts <= phone.counts)
        if takes and phone.counts > self.now:
            raise Refused(name="young")
        self.attempts[user, "code_accepted" if step > phone.last else "code_reused"] += 1
        if step <= phone.last:
            begins = (phone.last + 1) * PERIOD
            ahead = begins > self.now
            raise Refused(
                wait=math.ceil(begins - self.now) if ahead else range(1, PERIOD + 1), name="used"
            )
        phone.last, account.codes.run, account.known.run = step, 0, 0

    def fresh_in(self, user: str) -> int | None:
        """Return the seconds until a phone shows a code that was not used, `None` for now."""
        begin = [(phone.last + 1) * PERIOD for phone in self.accounts[user].phones]
        return max(0, math.ceil(min(begin, default=0) - self.now)) or None

    def wait(self, until: float) -> int:
        return DAY if until == LOCKED else max(1, math.ceil(until - self.now))

    def judge_recovery(
        self, user: str, typed: Typed, first: Callable[[], None] | None = None
    ) -> None:
        """Judge a recovery code: refuse it, or turn two-factor authentication off.

        `first` is done once it was found right: what that refuses leaves the code good.
        """
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
            self.attempts[user, "recovery_code_wrong"] += 1
            self.attempts[user, "recovery_held"] += recovery_held_until(account.tried) > self.now
            raise Refused(name="recovery wrong")
        if first is not None:
            first()
        self.switch_off(user)

    def switch_off(self, user: str) -> None:
        del self.accounts[user]
        self.end_tickets(user)
        self.switched(user)

    def switched(self, user: str) -> None:
        """Note that two-factor authentication was turned on or off; subclasses act on it."""

    def password_changed(self, user: str, *, proved: bool = False) -> None:
        """Judge codes again after a new password; budgets still count, pending steps end."""
        account = self.accounts.get(user)
        if account is not None:
            yesterday = math.floor(self.now) - DAY
            forgets = proved and self._forgets(user, account)
            for figures in (account.codes, account.known):
                times = [] if forgets else [min(at, yesterday) for at in figures.times]
                figures.run, figures.times = 0, times
            account.tried = []
        self.end_tickets(user)

    def _forgets(self, user: str, account: Account) -> bool:
        """Tell if all wrong codes are forgotten: once in thirty days, if there are any of them."""
        now = int(self.now)
        if not any(at > now - 30 * DAY for at in (*account.codes.times, *account.known.times)):
            return True
        if self.forgotten.get(user, 0) > now:
            return False
        self.forgotten[user] = now + 30 * DAY
        return True

    def mandatory_of(self, user: str) -> frozenset[str]:
        return self.mandatory

    def chosen(self, user: str) -> list[str]:
        account = self.accounts.get(user)
        areas = account.areas if account else frozenset()
        return [key for key in self.areas if key in areas or key in self.mandatory_of(user)]


def _digest(known_id: str) -> str:
    return hashlib.sha256(known_id.encode()).hexdigest()
