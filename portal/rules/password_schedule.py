"""The waits after wrong passwords, as arithmetic on counts and times. Knows no Flask.

NIST SP 800-63B-4 section 3.2.2 asks for growing waits. There is no budget by the day, as codes have
one: a password has more than six digits.
"""

import math
from dataclasses import dataclass

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Attempts:
    """Wrong passwords in a row.

    Args:
        run: how many.
        last_at: Unix seconds of the latest.
    """

    run: int = 0
    last_at: int = 0


NO_ATTEMPTS = Attempts()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rules for wrong passwords in a row.

    Args:
        free: attempts before the first wait; `None` for no waits.
        first_wait: seconds of the first wait, doubled at each further attempt.
        longest_wait: seconds at which the doubling stops.
    """

    free: int | None
    first_wait: int = 0
    longest_wait: int = 0

    def wait_after(self, run: int) -> int:
        """Return the seconds to wait after so many attempts in a row."""
        if self.free is None or run < self.free:
            return 0
        # The exponent is capped: the wait is at its longest long before.
        return min(self.first_wait << min(run - self.free, 32), self.longest_wait)

    def held_until(self, attempts: Attempts, now: float) -> int | None:
        """Return when the next password is judged, `None` for at once."""
        wait = self.wait_after(attempts.run)
        # Without a wait the next one is judged at once, also in the second that was rounded up.
        until = attempts.last_at + wait if wait else 0
        return until if until > now else None


def counted(attempts: Attempts, now: float) -> Attempts:
    """Return the attempts with one more.

    The second is rounded up, so that no wait is shorter than promised; a clock that is set back
    never makes an attempt older than the one before it.
    """
    return Attempts(attempts.run + 1, max(math.ceil(now), attempts.last_at))
