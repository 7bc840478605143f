"""Records of accounts, authenticators, tickets and events, which all layers share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from .throttle import NO_ATTEMPTS, Figures, Schedule, codes

# Kind of tickets of executed continuations; `area` has the time, and `drop_tickets` keeps them.
EXECUTED = "executed"
# Kinds of the tickets of known browsers, with `Subject.bound` in `area`, and of undo links.
KNOWN = "known"
UNDO = "undo"
# Kinds of events that record a new recovery code.
MADE_RECOVERY_CODE = frozenset({"activated", "recovery_code_replaced"})
# How a user answers: with codes, with passkeys, or with either.
Ways = Literal["code", "passkey", "either"]
# A check-up: there is no recovery code, is it at hand, and do codes that were never used work.
CheckUp = Literal["no_recovery", "recovery", "codes"]
# Begins the detail of an event about a passkey; other authenticators have their name alone.
_PASSKEY = "passkey: "
# Kinds of events that record answers to a challenge; all other kinds record changes.
ATTEMPTS = frozenset(
    {
        *("code_accepted", "code_wrong", "code_reused", "held", "locked"),
        *("recovery_code_wrong", "recovery_held", "browser_recognised"),
        *("passkey_accepted", "passkey_refused", "passkey_suspect"),
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The user, network address and browser of a request.

    Args:
        user_id: the host's stable string for the user.
        address: network address of the client, as the host's server sees it.
        credential: digest of the user's credential, which binds tickets; empty if there is none.
        known: id from the browser's cookie `twofactor_known`, not verified yet.
        confirms: what exactly an answer of this request confirms, for its event.
        request: digest of session, method, address and sealed form of the request, which the
            challenge of a passkey is bound to; empty where no passkey is used.
        keeps: whether the client keeps cookies, as browsers do.
    """

    user_id: str
    address: str | None = None
    credential: str = field(default="", repr=False)
    known: str = field(default="", repr=False)
    confirms: str = ""
    request: str = field(default="", repr=False)
    keeps: bool = True

    @property
    def bound(self) -> str:
        """Return the first 40 characters of the credential, which bind a known browser."""
        return self.credential[:40]


@dataclass(frozen=True, slots=True)
class Authenticator:
    """An enrolled second factor of a user.

    Args:
        last_step: largest number accepted: of an app the time step (RFC 6238), of a passkey its
            signature counter. Only larger numbers are accepted, and 0 after 0 of a passkey.
        failures_at_use: `Account.failures` at its last right answer; the run is what came later.
        known_at_use: the same for `Account.known_failures`.
        credential: digest of the id of a passkey, which has one user; `None` for other kinds.
        flags: see `methods.flags`, `None` if there is nothing to say.
    """

    id: str
    user_id: str
    kind: str
    name: str
    sealed: bytes = field(repr=False)
    last_step: int
    created_at: int
    last_used_at: int | None
    failures_at_use: int = 0
    known_at_use: int = 0
    credential: str | None = field(default=None, repr=False)
    flags: int | None = None

    @property
    def makes_codes(self) -> bool:
        """Return whether it makes codes, which can be guessed."""
        return self.credential is None


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """A browser that passed a second step before. Its wrong codes are counted separately.

    Args:
        bound: beginning of the credential that it is bound to (`Subject.bound`).
        expires_at: Unix seconds.
    """

    bound: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class Account:
    """The two-factor state of a user.

    Args:
        failures: number of wrong codes ever. It only grows, so updates can compare it.
        codes: attempts with codes, for the throttle.
        known_failures: number of wrong codes ever from known browsers; it only grows.
        known: attempts with codes from known browsers, for the throttle.
        recovery_attempts: number of recovery codes ever tried; it only grows.
        recovery: attempts with recovery codes, for the throttle.
        browser: the known browser of the request, if it was read.
        browsers: number of the user's known browsers, if it was read.
        recovery_since: time when the recovery code was made, if it was read and its event is kept.
        only: keys of the protected areas where the user wants to be asked for a passkey alone.
        checked_at: time when the user last said or showed that the recovery code is at hand.
        check_ups: whether the user wants to be reminded of it.
    """

    user_id: str
    areas: frozenset[str]
    activated_at: int
    recovery_hash: str | None = field(default=None, repr=False)
    failures: int = 0
    codes: Figures = NO_ATTEMPTS
    known_failures: int = 0
    known: Figures = NO_ATTEMPTS
    recovery_attempts: int = 0
    recovery: Figures = NO_ATTEMPTS
    authenticators: tuple[Authenticator, ...] = ()
    browser: KnownBrowser | None = None
    browsers: int = 0
    recovery_since: int | None = None
    only: frozenset[str] = frozenset()
    checked_at: int | None = None
    check_ups: bool = True

    @property
    def makes_codes(self) -> bool:
        """Return whether an authenticator app is among the authenticators."""
        return any(each.makes_codes for each in self.authenticators)

    @property
    def steps(self) -> list[int]:
        """Return the latest step of each authenticator app; a passkey has none."""
        return [each.last_step for each in self.authenticators if each.makes_codes]

    @property
    def ways(self) -> Ways:
        """Return how the user answers."""
        return ways_of([not each.makes_codes for each in self.authenticators])

    @property
    def schedule(self) -> Schedule:
        """Return the throttle's schedule of codes. A passkey makes no code right."""
        return codes(len(self.steps))

    @property
    def used(self) -> int | None:
        """Return the smallest latest step of the authenticator apps, as `Glance.used`."""
        return min(self.steps, default=None)


@dataclass(frozen=True, slots=True)
class Hold:
    """A time in which codes are not judged, after wrong ones.

    Args:
        until: Unix seconds, infinity if codes are locked.
        here: whether it holds the browser of the request; otherwise only unknown browsers.
    """

    until: float
    here: bool = True

    @property
    def locked(self) -> bool:
        """Return whether only the recovery code or an operator can end it."""
        return math.isinf(self.until)

    @property
    def minute(self) -> float:
        """Return `until`, rounded up to a whole minute, for people."""
        return self.until if self.locked else 60.0 * math.ceil(self.until / 60)


@dataclass(frozen=True, slots=True)
class Device:
    """A device or passkey that is accepted, for pages of the host. Times are Unix seconds.

    Args:
        name: as the user named it, in the language of the request if it still has our name.
        added_at: time when it was added.
        last_used_at: time of its latest accepted answer, `None` if there is none.
        passkey: whether it is a passkey; other devices make codes.
        usable: whether it can answer here; a passkey of another RP ID can't.
    """

    name: str
    added_at: int
    last_used_at: int | None = None
    passkey: bool = False
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Protection:
    """The protection of a user, for pages of the host.

    Args:
        areas: keys of the areas that ask for a code, in order.
        hold: a time in which codes are not judged, `None` if there is none.
        devices: the devices and passkeys that are accepted, oldest first.
        recovery: whether there is a recovery code. It is unused: its use turns 2FA off.
        recovery_since: time when it was made, `None` if that is no longer known.
        only: those of the areas that take a passkey alone.
        check_up: what to ask the user about today; empty on most days.
    """

    areas: tuple[str, ...]
    hold: Hold | None = None
    devices: tuple[Device, ...] = ()
    recovery: bool = False
    recovery_since: int | None = None
    only: tuple[str, ...] = ()
    check_up: tuple[CheckUp, ...] = ()

    @property
    def ways(self) -> Ways:
        """Return what we ask the user for."""
        return ways_of([device.passkey for device in self.devices])


@dataclass(frozen=True, slots=True)
class Ticket:
    """A short-lived row, such as a pending sign-in, an unfinished enrolment or a pass."""

    digest: str
    user_id: str
    kind: str
    area: str
    sealed: bytes | None = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class Glance:
    """The data that the guard needs of a user, read in one statement.

    Args:
        areas: the chosen areas, `None` if 2FA is off.
        ticket: whether the requested ticket (a pass or an open view) exists.
        executed_at: time when the requested continuation was executed, `None` if it was not.
        used: smallest latest step of the user's apps: a code of a later one can be had.
        only: as `Account.only`.
        no_recovery: whether there is no recovery code; it is read beside a ticket only.
    """

    areas: frozenset[str] | None
    ticket: bool = False
    executed_at: int | None = None
    used: int | None = None
    only: frozenset[str] = frozenset()
    no_recovery: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the table `twofactor_event`, without secrets."""

    user_id: str
    at: int
    kind: str
    area: str | None = None
    address: str | None = None
    detail: str | None = None
    id: int = 0


def ways_of(are_passkeys: Sequence[bool]) -> Ways:
    """Return how a user answers, by whether each authenticator is a passkey; "code" for none."""
    if not any(are_passkeys):
        return "code"
    return "passkey" if all(are_passkeys) else "either"


def labelled(kind: str, name: str) -> str:
    """Return the name of an authenticator for the detail of an event, which marks passkeys."""
    return f"{_PASSKEY}{name}" if kind == "passkey" else name


def split_label(detail: str) -> tuple[bool, str]:
    """Return whether a detail that `labelled` wrote is of a passkey, and the name."""
    return detail.startswith(_PASSKEY), detail.removeprefix(_PASSKEY)
