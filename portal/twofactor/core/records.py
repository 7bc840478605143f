"""Values that cross the floors: the meaning of a row, without its table."""

from dataclasses import dataclass, field

from .throttle import NO_ATTEMPTS, Figures, Schedule, codes

# The kind of the tickets that say that a continuation was executed, and when (Unix seconds, in
# `area`). They outlive what ends everything half done: what was done stays done.
EXECUTED = "executed"
# The kind of a known browser's ticket; its column `area` holds what it is bound to.
KNOWN = "known"
# Events of answers to the question for a code; every other one is a change.
ATTEMPTS = frozenset(
    {
        "code_accepted",
        "code_wrong",
        "code_reused",
        "held",
        "locked",
        "recovery_code_wrong",
        "recovery_held",
        "browser_recognised",
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The user who does something, and the address it comes from.

    Args:
        user_id: the host's stable string for the user.
        address: network address of the client, as the host's server sees it.
        credential: digest of the user's credential (`init_app(credential=)`) as it was read in
            this request, empty where the host names none. What is half done is bound to it.
        known: id of this browser's cookie of known browsers, as it was sent and not yet judged.
    """

    user_id: str
    address: str | None = None
    credential: str = field(default="", repr=False)
    known: str = field(default="", repr=False)

    @property
    def bound(self) -> str:
        """Return what binds a known browser: as much of the credential as its column holds."""
        return self.credential[:40]


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One enrolled second factor of a user.

    Args:
        last_step: the latest RFC 6238 time step that was accepted; only larger ones are.
        failures_at_use: the account's count of wrong codes when this authenticator was last
            right: the run of wrong codes is what came after.
        known_at_use: the same of wrong codes from known browsers.
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


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """A browser that passed a second step before: its wrong codes are counted apart.

    Args:
        bound: the beginning of the credential that it stands on (`Subject.bound`).
        expires_at: Unix seconds.
    """

    bound: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class Account:
    """All the two-factor state of one user.

    Args:
        failures: wrong codes ever, which only grows: it orders what happens to the account.
        codes: the throttle's figures of codes.
        known_failures: wrong codes ever from known browsers; it only grows.
        known: the throttle's figures of codes from known browsers.
        recovery_attempts: recovery codes ever tried; it only grows.
        recovery: the throttle's figures of recovery codes.
        browser: the known browser whose id came with the request, where it was looked for.
        browsers: how many known browsers there are, where they were looked for.
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

    @property
    def schedule(self) -> Schedule:
        """Return the schedule for wrong codes."""
        return codes(len(self.authenticators))


@dataclass(frozen=True, slots=True)
class Ticket:
    """Something short-lived: a pending sign-in, an unfinished enrolment, a pass."""

    digest: str
    user_id: str
    kind: str
    area: str
    sealed: bytes | None = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class Glance:
    """The facts about a user that the guard needs, read in one statement.

    Args:
        areas: the chosen areas, `None` when 2FA is off.
        ticket: whether the ticket asked about (a pass or an open view) is there.
        executed_at: when the continuation asked about was executed, `None` if it was not.
    """

    areas: frozenset[str] | None
    ticket: bool = False
    executed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the record: who, when, what, where; never a secret."""

    user_id: str
    at: int
    kind: str
    area: str | None = None
    address: str | None = None
    detail: str | None = None
    id: int = 0
