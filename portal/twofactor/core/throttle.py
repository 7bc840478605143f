"""How often an answer may be tried: the schedule, as arithmetic on figures and a time.

After RFC 4226 section 7.3 (throttling must span sessions) and NIST SP 800-63B-4 section 3.2.2
(growing waits, at most 100 in a row). The rolling budgets are what holds a guesser who lets the
owner's successes clear the waits: `docs/security.md` has the arithmetic.
"""

import math
from dataclasses import dataclass, replace
from functools import cache

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `attempts` in any `seconds`; no success clears it."""

    attempts: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rules for one kind of answer.

    Args:
        free: attempts in a row before the first wait; `None` for no waits.
        first_wait: seconds of the first wait, doubled at each further attempt.
        longest_wait: seconds at which the doubling stops.
        budgets: rolling budgets.
        lock_after: attempts in a row that lock; `None` for never.
    """

    free: int | None
    first_wait: int
    longest_wait: int
    budgets: tuple[Budget, ...]
    lock_after: int | None

    @property
    def memory(self) -> int:
        """How many attempts must be remembered to decide."""
        return max((budget.attempts for budget in self.budgets), default=1)


CODES = Schedule(
    free=5,
    first_wait=30,
    longest_wait=3600,
    budgets=(Budget(10, DAY), Budget(50, 30 * DAY)),
    lock_after=100,
)
# More phones than a person carries; each makes three codes right at a time.
MOST_AUTHENTICATORS = 5
RECOVERY = Schedule(
    free=None,
    first_wait=0,
    longest_wait=0,
    budgets=(Budget(5, 15 * 60), Budget(20, DAY)),
    lock_after=None,
)


@cache
def codes(authenticators: int) -> Schedule:
    """The schedule of an account with so many authenticators.

    With n of them n times as many codes are right at once. The monthly budget, which is what
    bounds a guesser's year, is shared among them, so that the bound stays the same.
    """
    day, month = CODES.budgets
    share = Budget(month.attempts // max(1, authenticators), month.seconds)
    return replace(CODES, budgets=(day, share))


@dataclass(frozen=True, slots=True)
class Figures:
    """What is remembered of an account's attempts.

    Args:
        run: attempts in a row since the last success.
        recent: Unix seconds of the latest attempts, oldest first.
    """

    run: int = 0
    recent: tuple[int, ...] = ()


NO_ATTEMPTS = Figures()


def wait_after(schedule: Schedule, run: int) -> int:
    """Seconds to wait after `run` attempts in a row."""
    if schedule.free is None or run < schedule.free:
        return 0
    # The exponent is capped: the wait is at its longest long before.
    return min(schedule.first_wait << min(run - schedule.free, 32), schedule.longest_wait)


def held_until(schedule: Schedule, figures: Figures, now: float) -> float | None:
    """When the next answer is judged: `None` for at once, infinity when locked."""
    if schedule.lock_after is not None and figures.run >= schedule.lock_after:
        return math.inf
    recent = figures.recent
    ends = [
        recent[-budget.attempts] + budget.seconds
        for budget in schedule.budgets
        if len(recent) >= budget.attempts
    ]
    wait = wait_after(schedule, figures.run)
    # Without a wait the next one is judged at once, also in the second that was rounded up.
    if recent and wait:
        ends.append(recent[-1] + wait)
    until = max(ends, default=0)
    return until if until > now else None


def aged(figures: Figures, now: float) -> Figures:
    """The figures after a new password: no run, and no attempt within the last day.

    The attempts still count in longer budgets: whoever could change the password again and again
    would have no more guesses for it.
    """
    yesterday = math.floor(now) - DAY
    return Figures(0, tuple(min(at, yesterday) for at in figures.recent))


def counted(schedule: Schedule, figures: Figures, now: float) -> Figures:
    """The figures with one more attempt at `now`.

    The second is rounded up, so that no wait is shorter than promised; time that runs backwards
    never makes an attempt older than the one before it.
    """
    at = max(math.ceil(now), figures.recent[-1] if figures.recent else 0)
    return Figures(figures.run + 1, (*figures.recent, at)[-schedule.memory :])
