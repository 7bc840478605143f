"""The throttle: compute waits, holds and locks from past attempts and the time.

It follows RFC 4226 section 7.3 (throttling must span sessions) and NIST SP 800-63B-4 section 3.2.2
(growing waits, at most 100 in a row). The rolling budgets stop a guesser whose waits are cleared by
the owner's successes. `docs/security.md` has the arithmetic.
"""

import math
from dataclasses import dataclass, replace
from functools import cache

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit of `attempts` in any period of `seconds`. A success does not clear it."""

    attempts: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The limits for one kind of answer.

    Args:
        free: attempts in a row before the first wait; `None` for no waits.
        first_wait: seconds of the first wait, doubled at each further attempt.
        longest_wait: maximum wait, seconds.
        budgets: rolling budgets.
        lock_after: attempts in a row after which codes are locked; `None` for never.
    """

    free: int | None
    first_wait: int
    longest_wait: int
    budgets: tuple[Budget, ...]
    lock_after: int | None

    @property
    def memory(self) -> int:
        """Return the number of attempts whose times the budgets need."""
        return max((budget.attempts for budget in self.budgets), default=1)


CODES = Schedule(
    free=5,
    first_wait=30,
    longest_wait=3600,
    budgets=(Budget(10, DAY), Budget(50, 30 * DAY)),
    lock_after=100,
)
# Each authenticator makes three codes right at a time. Five is more than a person needs.
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
    """Return the schedule of an account by its number of authenticators.

    With n authenticators n times as many codes are right at once. The monthly budget is therefore
    divided by n, so that the chance of a guesser in a year does not grow.
    """
    day, month = CODES.budgets
    share = Budget(month.attempts // max(1, authenticators), month.seconds)
    return replace(CODES, budgets=(day, share))


@dataclass(frozen=True, slots=True)
class Figures:
    """The past attempts of an account.

    Args:
        run: attempts in a row since the last success.
        recent: Unix seconds of the latest attempts, oldest first.
    """

    run: int = 0
    recent: tuple[int, ...] = ()


NO_ATTEMPTS = Figures()


def wait_after(schedule: Schedule, run: int) -> int:
    """Return the seconds to wait after `run` attempts in a row."""
    if schedule.free is None or run < schedule.free:
        return 0
    # The exponent is capped; the longest wait is reached long before.
    return min(schedule.first_wait << min(run - schedule.free, 32), schedule.longest_wait)


def held_until(schedule: Schedule, figures: Figures, now: float) -> float | None:
    """Return the time (Unix seconds) when the next answer is judged.

    `None` means now, infinity means locked.
    """
    if schedule.lock_after is not None and figures.run >= schedule.lock_after:
        return math.inf
    recent = figures.recent
    ends = [
        recent[-budget.attempts] + budget.seconds
        for budget in schedule.budgets
        if len(recent) >= budget.attempts
    ]
    wait = wait_after(schedule, figures.run)
    # `counted` rounds up to a whole second; that alone must not hold the next answer.
    if recent and wait:
        ends.append(recent[-1] + wait)
    until = max(ends, default=0)
    return until if until > now else None


def aged(figures: Figures, now: float) -> Figures:
    """Return the figures after a new password, with no run and all attempts at least a day old.

    The attempts still count in longer budgets, so that repeated changes of the password give no
    additional guesses.
    """
    yesterday = math.floor(now) - DAY
    return Figures(0, tuple(min(at, yesterday) for at in figures.recent))


def counted(schedule: Schedule, figures: Figures, now: float) -> Figures:
    """Return the figures with another attempt at `now`.

    The time is rounded up to a second, so that no wait is shorter than announced. If the clock was
    set back, the attempt gets the time of the attempt before it.
    """
    at = max(math.ceil(now), figures.recent[-1] if figures.recent else 0)
    return Figures(figures.run + 1, (*figures.recent, at)[-schedule.memory :])
