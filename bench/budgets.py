"""Budgets as ratios within one run, so that the machine's mood does not decide them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .sides import PEERS

TO_FLOOR, TO_BEST_PEER = "floor", "best peer"


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit of a ratio.

    Args:
        limit: of the ratio.
        against: TO_FLOOR: at most `limit` times the floor of the measure in the same host.
            TO_BEST_PEER: the best peer takes at least `limit` times as long.
    """

    limit: float
    against: str = TO_FLOOR

    def value(self, found: Mapping[str, Mapping[str, float]], own: str) -> float | None:
        """Return the ratio of one of our sides; None if what it is compared with was not measured.

        Args:
            found: the medians and ratios of a measure, by side.
            own: the side.
        """
        if self.against == TO_FLOOR:
            return found[own].get("to floor")
        ratios = [found[side][f"to {own}"] for side in PEERS if side in found]
        return min(ratios, default=None)

    def kept(self, value: float) -> bool:
        """Return whether a ratio keeps the budget."""
        return value <= self.limit if self.against == TO_FLOOR else value >= self.limit


@dataclass(frozen=True, slots=True)
class Judged:
    """A budget and what was measured.

    Args:
        key: the name of the measure.
        database: "sqlite", "postgresql", or empty where there is none.
        side: one of our sides.
        value: in the unit of the limit.
        limit: of the budget.
        kept: whether the value is within it.
    """

    key: str
    database: str
    side: str
    value: float
    limit: float
    kept: bool


# Milliseconds of CPU time, megabytes, and modules.
IMPORT, MEMORY, PASSKEYS_UNUSED = 40, 8, 0


def of_a_worker(found: Mapping[str, Any]) -> list[Judged]:
    """Return the budgets of the part `imports`.

    Args:
        found: what that part returns.
    """
    judged = []
    ours = found.get("ours", {})
    if "import" in ours:
        taken = ours["import"] * 1000
        judged.append(Judged("import", "", "ours", taken, IMPORT, taken <= IMPORT))
        loaded = ours["passkey_library"]
        kept = loaded <= PASSKEYS_UNUSED
        judged.append(Judged("passkeys_unused", "", "ours", loaded, PASSKEYS_UNUSED, kept))
    if "private" in ours and "bare" in found:
        above = (ours["private"] - found["bare"]["private"]) / 1e6
        judged.append(Judged("memory", "", "ours", above, MEMORY, above <= MEMORY))
    return judged
