"""The waits after wrong passwords, as arithmetic on counts and times. No Flask.

NIST SP 800-63B-4 section 3.2.2 requires growing waits. Unlike codes, passwords have no daily
budget, since they have more than six digits.
"""

import math
from dataclasses import dataclass

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Attempts:
    """Wrong passwords in a row.

    Args:
        run: the number of attempts.
        last_at: the time of the latest, in Unix seconds.
    """

    run: int = 0
    last_at: int = 0


NO_ATTEMPTS = Attempts()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rules for wrong passwords in a row.

    Args:
        free: attempts before the first wait; `None` means no waits.
        first_wait: the first wait in seconds, doubled at each further attempt.
        longest_wait: the longest wait in seconds.
    """

    free: int | None
    first_wait: int = 0
    longest_wait: int = 0

    def wait_after(self, run: int) -> int:
        """Return the seconds to wait after `run` attempts in a row."""
        if self.free is None or run < self.free:
            return 0
        # The exponent is capped; the wait reaches its maximum long before.
        return min(self.first_wait << min(run - self.free, 32), self.longest_wait)

    def held_until(self, attempts: Attempts, now: float) -> int | None:
        """Return the end of the wait in Unix seconds, or `None` if there is no wait."""
        wait = self.wait_after(attempts.run)
        # Without a wait, the next attempt is allowed at once, even within the rounded-up second.
        until = attempts.last_at + wait if wait else 0
        return until if until > now else None


def counted(attempts: Attempts, now: float) -> Attempts:
    """Return the attempts plus one more at `now`.

    The time is rounded up to a second, so that no wait is shorter than announced. If the clock is
    set back, the time of the attempt before is kept.
    """
    return Attempts(attempts.run + 1, max(math.ceil(now), attempts.last_at))
