"""Interleaved rounds, each with all sides, so that a disturbance affects all of them."""

import random
import statistics
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from .measures import BY_NAME, OURS, STANDS_FOR, Found, Measure

Rounds = dict[str, dict[str, list[dict[str, float]]]]


class Side(Protocol):
    """A source of samples."""

    def take(self, name: str, times: int, count: str = "") -> list[dict[str, float]]: ...


def medians(samples: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {name: statistics.median(s[name] for s in samples) for name in samples[0]}


def run(
    sides: Mapping[str, Side],
    kind_of: Mapping[str, str],
    names: list[str],
    rounds: int,
    times: int,
    *,
    floors: bool = False,
) -> Rounds:
    """Run all measures in every round.

    Args:
        sides: the sources of samples, by name.
        kind_of: the side of each source.
        names: the names of the measures.
        rounds: the number of rounds.
        times: samples of a side in a round, for a measure with share 1.
        floors: whether our sides take the floor of each measure with it, half of the samples before
            and half after, so that both have the same mood of the machine.

    Returns:
        By measure and side: the counts, followed by the medians of each round.
    """
    found: Rounds = {}
    wanted = [measure for name, measure in BY_NAME.items() if name in names]
    for measure in wanted:
        for side in _of(measure, sides, kind_of):
            # Warm up: compile templates, cache statements.
            sides[side].take(measure.name, min(2, times))
            found.setdefault(measure.name, {})[side] = []
    for number in range(1, rounds + 1):
        print(f"  round {number} of {rounds}", file=sys.stderr)
        for measure in wanted:
            share = max(1, round(times * measure.times))
            having = _of(measure, sides, kind_of)
            for side in random.sample(having, len(having)):
                floor = measure.floor if floors and kind_of[side] in OURS else ""
                taken = _with_floor(sides[side], measure.name, floor, share)
                found[measure.name][side].append(taken)
    # Count last: after an event listener, SQLAlchemy is slower and makes more calls.
    for what in ("calls", "statements"):
        for name, present in found.items():
            for side in present:
                counted = sides[side].take(name, 1, what)[0]
                if what == "statements":
                    counted["calls"] = present[side].pop(0)["calls"]
                present[side].insert(0, counted)
    return found


def _with_floor(side: Side, name: str, floor: str, times: int) -> dict[str, float]:
    """Return the medians of a measure; "floor" is the CPU time of its floor, if it has one."""
    if not floor:
        return medians(side.take(name, times))
    half = (times + 1) // 2
    around = side.take(floor, half)
    figures = medians(side.take(name, times))
    around += side.take(floor, half)
    return {**figures, "floor": medians(around)["cpu"]}


def _of(measure: Measure, sides: Mapping[str, Side], kind_of: Mapping[str, str]) -> list[str]:
    having = measure.sides(list({kind_of[side] for side in sides}))
    return [side for side in sides if kind_of[side] in having]


def summary(rounds: Rounds) -> dict[str, Found]:
    """Return, by measure and side, the medians of the rounds and the ratios to our sides.

    Our sides also have "to floor", the ratio to the floor of the measure in the same host.
    """
    return {name: _compared(name, rounds) for name in rounds}


def _compared(name: str, rounds: Rounds) -> Found:
    sides = dict(rounds[name])
    if name in STANDS_FOR:
        sides = {**rounds.get(STANDS_FOR[name], {}), **sides}
    found: Found = {}
    for side, (counted, *timed) in sides.items():
        figures = medians(timed)
        figures |= {key: counted[key] for key in ("statements", "commits", "calls")}
        for own in OURS:
            if own in sides:
                figures[f"to {own}"] = ratio(timed, sides[own][1:])
        if "floor" in figures:
            figures["to floor"] = statistics.median(each["cpu"] / each["floor"] for each in timed)
        found[side] = figures
    return found


def ratio(these: list[dict[str, float]], those: list[dict[str, float]]) -> float:
    """Return the median of the rounds' ratios of CPU time."""
    pairs = zip(these, those, strict=True)
    return statistics.median(a["cpu"] / b["cpu"] if b["cpu"] else 0.0 for a, b in pairs)


def as_json(value: Any) -> Any:
    """Return the value with floats rounded to nine decimals."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    return round(value, 9) if isinstance(value, float) else value
