"""Charts of figures: where their bars are, and the same numbers as tables.

They have no letters in them, so they can be as wide as the page is, and be turned for languages
that are read from the right. A bar is told from its neighbour by its pattern, never by colour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ...i18n.catalogue import later
from ...i18n.language import _, plural
from ...i18n.numbers import number, numbers, share
from ...i18n.times import on_day
from ...service.operator.statistics import Week

# Height of a chart, and the share of a week that its bar fills, in units of the drawing.
HEIGHT, STEP, GAP = 100, 10, 2
# The lowest height of a bar, so that one of very many is still seen.
LEAST = 2
PATTERNS = ("solid", "striped")

FIELDS = {
    "on": later("Have it on"),
    "activated": later("Turned on"),
    "imported": later("Brought over"),
    "deactivated": later("Turned off"),
    "codes_accepted": later("Right codes"),
    "passkeys_accepted": later("Right passkeys"),
    "codes_wrong": later("Wrong codes"),
    "passkeys_refused": later("Refused passkeys"),
    "held": later("Codes put on hold"),
    "locked": later("Codes locked"),
    "reset": later("Resets"),
    "started_over": later("Links to start over"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A chart by weeks.

    Args:
        key: of the chart, for its elements.
        title: English, of the chart.
        stacked: fields whose bars stand on each other.
        further: fields that only the table has.
    """

    key: str
    title: str
    stacked: tuple[str, ...]
    further: tuple[str, ...] = ()


PLANS = (
    Plan(
        "on",
        later("Customers with two-factor authentication"),
        ("on",),
        ("activated", "imported", "deactivated"),
    ),
    Plan("right", later("Right answers"), ("codes_accepted", "passkeys_accepted")),
    Plan("refused", later("Refused answers"), ("codes_wrong", "passkeys_refused")),
    Plan("holds", later("Holds and locks"), ("held", "locked")),
    Plan("help", later("Resets and links to start over"), ("reset", "started_over")),
)


def of_weeks(weeks: Sequence[Week]) -> list[dict[str, Any]]:
    """Return the charts of these weeks, for the template."""
    names = [on_day(date.fromisoformat(week.week)) for week in weeks]
    labels = {field: _(label) for field, label in FIELDS.items()}
    return [_of_plan(plan, weeks, names, labels) for plan in PLANS]


def _of_plan(
    plan: Plan, weeks: Sequence[Week], names: list[str], labels: dict[str, str]
) -> dict[str, Any]:
    stacks = [[getattr(week, field) or 0 for field in plan.stacked] for week in weeks]
    sums = [sum(stack) for stack in stacks]
    most = max(sums, default=0)
    shown, cell = [labels[field] for field in plan.stacked], _cells()
    return {
        "key": plan.key,
        "title": _(plan.title),
        "summary": _summary(most, sums, names),
        "width": STEP * len(weeks),
        "paths": _paths(stacks, most),
        "series": _series(plan, shown, stacks),
        "first": names[0],
        "last": names[-1],
        "head": [labels[field] for field in (*plan.stacked, *plan.further)],
        "rows": [
            (name, [cell(getattr(week, field)) for field in (*plan.stacked, *plan.further)])
            for name, week in zip(names, weeks, strict=True)
        ],
    }


def _summary(most: int, sums: list[int], names: list[str]) -> str:
    if not most:
        return _("None in these weeks.")
    when = names[len(sums) - 1 - sums[::-1].index(most)]
    return _("Most: %(number)s, in the week from %(day)s.", number=number(most), day=when)


def _paths(stacks: list[list[int]], most: int) -> list[dict[str, str]]:
    """Return the bars of each pattern as the data of one path, which is less than an element each.

    Args:
        stacks: the numbers of each week, the lowest bar first.
        most: the highest sum of a week.
    """
    drawn: dict[str, list[str]] = {}
    for at, stack in enumerate(stacks):
        left, base = at * STEP + GAP // 2, float(HEIGHT)
        for value, pattern in zip(stack, PATTERNS, strict=False):
            if value:
                top = max(0.0, base - max(LEAST, HEIGHT * value / most))
                bar = f"M{left} {base:.4g}V{top:.4g}h{STEP - GAP}V{base:.4g}z"
                drawn.setdefault(pattern, []).append(bar)
                base = top
    return [{"pattern": pattern, "data": "".join(bars)} for pattern, bars in drawn.items()]


def _series(plan: Plan, shown: list[str], stacks: list[list[int]]) -> list[dict[str, Any]]:
    """Return the legend: the pattern, the name and the number of each kind of bar.

    Of a state it is the latest number, of what has happened the sum.
    """
    if plan.stacked == ("on",):
        numbers = stacks[-1]
    else:
        numbers = [sum(column) for column in zip(*stacks, strict=True)]
    return [
        {"pattern": pattern, "label": label, "number": number(value)}
        for pattern, label, value in zip(PATTERNS, shown, numbers, strict=False)
    ]


def _cells() -> Callable[[int | None], str]:
    shown = numbers()
    return lambda value: "–" if value is None else shown(value)


def of_shares(key: str, title: str, rows: Sequence[tuple[str, int]], whole: int) -> dict[str, Any]:
    """Return a chart of parts of all customers who have it on, a bar for each.

    Args:
        key: of the chart.
        title: of it, in the language of the request.
        rows: the name of each part, and how many customers it has.
        whole: how many customers there are.
    """
    return {
        "key": key,
        "title": title,
        "rows": [
            {
                "label": label,
                "number": number(value),
                "share": share(value, whole),
                "width": round(100 * value / whole, 2) if whole else 0,
            }
            for label, value in rows
        ],
    }


def named(count: int) -> str:
    """Return a number of weeks in words."""
    return plural("%(count)d week", "%(count)d weeks", count)
