"""A stopped clock that tests move by hand."""

# 2027-01-15 08:00:00 UTC; a multiple of 30, so a test starts at the first second of a TOTP step.
START = 1_800_000_000.0
STEP = 30.0


class Clock:
    """A clock for the config key ``CLOCK``: called without arguments it returns Unix seconds."""

    def __init__(self, now: float = START) -> None:
        self.now = float(now)

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float = STEP) -> float:
        """Move on; one step by default, which makes the next code a fresh one."""
        self.now += seconds
        return self.now
