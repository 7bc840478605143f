"""The parts of the bench that measure requests: in process, through gunicorn, by passkey."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import profiles, running
from .budgets import Judged
from .measures import BY_NAME, BY_PASSKEY, MEASURES, OURS, Found
from .sides import Databases, InProcess, Place, Served, databases

EVERY = [measure.name for measure in MEASURES]
PASSKEY = [measure.name for measure in BY_PASSKEY]
OVER_HTTP = [
    *("plain", "plain_post", "update", "guard_other", "guard_view", "deed_right", "deed_wrong"),
    *("right", "wrong", "enrolment", "journey"),
]
# How often a measure whose budget is missed is sent under the profiler.
PROFILED = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command line."""

    sides: list[str]
    databases: list[str]
    rounds: int
    times: int
    accounts: int
    events: int


def place(side: str, made: Databases, folder: Path, **environment: str) -> Place:
    """Return a side with an empty database."""
    return Place(side, made.new(), folder, environment)


@contextmanager
def room(kind: str) -> Iterator[tuple[Databases, Path, ExitStack]]:
    """Yield databases of a kind, a temporary folder and an exit stack."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        yield stack.enter_context(databases(kind, folder)), folder, stack


def requests(
    asked: Asked, *, served: bool = False, names: list[str] | None = None, **environment: str
) -> dict[str, Any]:
    """Run the measures on each database, in process or through gunicorn.

    Args:
        asked: the options.
        served: through gunicorn.
        names: of the measures; default all that suit.
        environment: environment variables of the sides.

    Returns:
        By database: the figures by measure and side ("found"), the budgets of our sides ("judged"),
        and the profiles of missed ones ("profiles"). Budgets are judged in process only.
    """
    result = {}
    start: Callable[[Place], Any] = Served if served else InProcess
    wanted = names or (OVER_HTTP if served else EVERY)
    for kind in asked.databases:
        where = "gunicorn" if served else "by passkey" if environment else "in process"
        print(f"{where}, {kind}", file=sys.stderr)
        with room(kind) as (made, folder, stack):
            sides = {}
            for side in asked.sides:
                sides[side] = start(place(side, made, folder, **environment))
                stack.callback(sides[side].close)
            kind_of = {side: side for side in sides}
            rounds = running.run(sides, kind_of, wanted, asked.rounds, asked.times, floors=True)
            found = running.summary(rounds)
            verdicts = [] if served else judged(found, kind)
            result[kind] = {
                "found": found,
                "judged": [asdict(each) for each in verdicts],
                "profiles": _profiles(verdicts, made, folder, stack, environment),
            }
    return result


def passkeys(asked: Asked) -> dict[str, Any]:
    """Run the measures by passkey; the hosts of the other parts have none."""
    return requests(asked, names=PASSKEY, BENCH_PASSKEYS="1")


def judged(found: dict[str, Found], database: str) -> list[Judged]:
    """Return the budgets of our sides, kept or not."""
    verdicts = []
    for name, sides in found.items():
        budget = BY_NAME[name].budget
        for own in OURS:
            value = budget.value(sides, own) if budget and own in sides else None
            if budget and value is not None:
                kept = budget.kept(value)
                verdicts.append(Judged(name, database, own, value, budget.limit, kept))
    return verdicts


def _profiles(
    verdicts: list[Judged],
    made: Databases,
    folder: Path,
    stack: ExitStack,
    environment: dict[str, str],
) -> dict[str, Any]:
    """Return, by measure and side, where the time of a missed budget goes.

    The sides are new ones, since those that counted have listeners at their databases.
    """
    workers: dict[str, InProcess] = {}
    result: dict[str, Any] = {}
    for missed in (each for each in verdicts if not each.kept):
        if missed.side not in workers:
            workers[missed.side] = InProcess(place(missed.side, made, folder, **environment))
            stack.callback(workers[missed.side].close)
        worker = workers[missed.side]
        worker.take(missed.key, 2)  # templates compiled, statements cached
        samples = worker.take(missed.key, PROFILED, "profile")
        result.setdefault(missed.key, {})[missed.side] = profiles.summary(samples)
    return result
