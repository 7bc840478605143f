"""An authenticator app in code, and the clock that it goes by."""

import time
from dataclasses import dataclass

from ..methods.totp import PERIOD, code_at, step_at


class Clock:
    """A clock that only moves when `advance` is called.

    Args:
        now: Unix seconds; default the present.
    """

    def __init__(self, now: float | None = None) -> None:
        self.now = float(int(time.time()) if now is None else now)

    def __call__(self) -> float:
        """Return the time in Unix seconds."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock forward by seconds."""
        self.now += seconds


@dataclass
class Phone:
    """A user's authenticator app and recovery code.

    Args:
        secret: the shared secret, bytes.
        recovery_code: as printed.
    """

    secret: bytes
    recovery_code: str
    clock: Clock
    used: int

    def code(self) -> str:
        """Return a valid, unused code; move the clock to the next time step if needed."""
        if step_at(self.clock()) <= self.used:
            self.clock.advance((self.used + 1) * PERIOD - self.clock())
        self.used = step_at(self.clock())
        return code_at(self.secret, self.used)

    def wrong_code(self) -> str:
        """Return six digits that are no valid code within ten minutes of now."""
        step = step_at(self.clock())
        right = {code_at(self.secret, each) for each in range(step - 20, step + 21)}
        return next(code for code in map("{:06}".format, range(100)) if code not in right)
