"""Rounds of races and kills: enough in each run to see a fault, more on demand."""

import os

FACTOR = int(os.environ.get("RACE_ROUNDS", "1"))


def rounds(usual: int) -> int:
    """Return the number of rounds: the usual one, times ``RACE_ROUNDS`` (`make test-long`)."""
    return usual * FACTOR
