"""The separate parts of the bench: requests, gunicorn, growth, imports and memory."""

import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import running
from .measures import BY_PASSKEY, MEASURES, Found
from .sides import ROOT, Databases, InProcess, Place, Served, databases, python_of

EVERY = [measure.name for measure in MEASURES]
PASSKEY = [measure.name for measure in BY_PASSKEY]
OVER_HTTP = [
    *("plain", "plain_post", "guard_other", "guard_view", "deed_right", "deed_wrong", "right"),
    *("wrong", "enrolment", "journey", "update"),
]
GROWING = ["guard_other", "deed_right", "right", "wrong", "journey"]
IMPORT = (
    "import time, flask, sqlalchemy, flask_login;"
    "begun = time.process_time();"
    "import {module};"
    "print(time.process_time() - begun)"
)
MODULES = {"ours": "portal.twofactor", "security_too": "flask_security"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command line."""

    sides: list[str]
    databases: list[str]
    rounds: int
    times: int
    accounts: int
    events: int


def _place(side: str, made: Databases, folder: Path, **environment: str) -> Place:
    return Place(side, made.new(), folder, environment)


@contextmanager
def _room(kind: str) -> Iterator[tuple[Databases, Path, ExitStack]]:
    """Yield databases of a kind, a temporary folder and an exit stack."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        yield stack.enter_context(databases(kind, folder)), folder, stack


def requests(
    asked: Asked, *, served: bool, names: list[str] | None = None
) -> dict[str, dict[str, Found]]:
    """Run the measures on each database, in process or through gunicorn."""
    result = {}
    start: Callable[[Place], Any] = Served if served else InProcess
    for kind in asked.databases:
        print(f"{'gunicorn' if served else 'in process'}, {kind}", file=sys.stderr)
        with _room(kind) as (made, folder, stack):
            sides = {}
            for side in asked.sides:
                sides[side] = start(_place(side, made, folder))
                stack.callback(sides[side].close)
            rounds = running.run(
                sides,
                {side: side for side in sides},
                names or (OVER_HTTP if served else EVERY),
                asked.rounds,
                asked.times,
            )
            result[kind] = running.summary(rounds)
    return result


def passkeys(asked: Asked) -> dict[str, dict[str, Found]]:
    """Run the measures by passkey; the hosts of the other parts have none."""
    result = {}
    for kind in asked.databases:
        print(f"by passkey, {kind}", file=sys.stderr)
        with _room(kind) as (made, folder, stack):
            sides = {}
            for side in asked.sides:
                sides[side] = InProcess(_place(side, made, folder, BENCH_PASSKEYS="1"))
                stack.callback(sides[side].close)
            kind_of = {side: side for side in sides}
            rounds = running.run(sides, kind_of, PASSKEY, asked.rounds, asked.times)
            result[kind] = running.summary(rounds)
    return result


def growth(asked: Asked) -> dict[str, dict[str, Any]]:
    """Measure each side with 1,000 accounts and with many, in the same rounds."""
    result = {}
    for kind in asked.databases:
        print(f"{asked.accounts:,} accounts, {kind}", file=sys.stderr)
        with _room(kind) as (made, folder, stack):
            sides, kind_of = {}, {}
            for side in [side for side in asked.sides if side not in {"bare", "core"}]:
                for label, accounts in (("few", 1000), ("many", asked.accounts)):
                    worker = InProcess(_place(side, made, folder))
                    stack.callback(worker.close)
                    worker.hook(f"load {accounts}")
                    worker.hook("analyze")
                    sides[f"{side} {label}"], kind_of[f"{side} {label}"] = worker, side
            rounds = running.run(sides, kind_of, GROWING, asked.rounds, asked.times)
            result[kind] = _pairs(rounds)
    return result


def ours_with_more(asked: Asked) -> dict[str, dict[str, Any]]:
    """Compare our side with 50 more areas, and with many events, with the usual one."""
    result = {}
    for kind in asked.databases:
        print(f"areas and events, {kind}", file=sys.stderr)
        with _room(kind) as (made, folder, stack):

            def start(
                made: Databases = made, folder: Path = folder, stack: ExitStack = stack, **more: str
            ) -> InProcess:
                worker = InProcess(_place("ours", made, folder, **more))
                stack.callback(worker.close)
                return worker

            many_events = start()
            many_events.hook(f"events {asked.events}")
            many_events.hook("analyze")
            sides = {
                "usual few": start(),
                "areas many": start(BENCH_MORE_AREAS="50"),
                "events many": many_events,
            }
            names = [*GROWING, "enrolment", "preferences"]
            kind_of = dict.fromkeys(sides, "ours")
            rounds = running.run(sides, kind_of, names, asked.rounds, asked.times)
            for found in rounds.values():
                usual = found.pop("usual few")
                found |= {side.replace("many", "few"): usual for side in list(found)}
            result[kind] = _pairs(rounds)
    return result


def _pairs(rounds: running.Rounds) -> dict[str, Any]:
    """Return, by measure and side, the CPU seconds with few and with many, and the ratio."""
    result: dict[str, Any] = {}
    for name, sides in rounds.items():
        for label in sides:
            side, _, size = label.partition(" ")
            if size != "many":
                continue
            few, many = sides[f"{side} few"][1:], sides[label][1:]
            result.setdefault(name, {})[side] = {
                "few": running.medians(few)["cpu"],
                "many": running.medians(many)["cpu"],
                "ratio": running.ratio(many, few),
                "added": running.medians(many)["cpu"] - running.medians(few)["cpu"],
            }
    return result


def workers(asked: Asked) -> dict[str, dict[str, Any]]:
    """Measure our side with 1, 2 and 4 gunicorn workers and the same number of browsers."""
    result: dict[str, dict[str, Any]] = {}
    for kind in asked.databases:
        for number in (1, 2, 4):
            print(f"{number} gunicorn workers, {kind}", file=sys.stderr)
            with _room(kind) as (made, folder, stack):
                place = _place("ours", made, folder)
                # Create tables and users before several workers do so at once.
                InProcess(place).close()
                server = Served(place, number)
                stack.callback(server.close)
                server.take("guard_other", 2)
                result.setdefault(kind, {})[str(number)] = _at_once(server, number, asked)
    return result


def _at_once(server: Served, number: int, asked: Asked) -> dict[str, float]:
    samples: list[dict[str, float]] = []

    def use() -> None:
        samples.extend(server.browse(asked.rounds * asked.times * 4))

    threads = [threading.Thread(target=use) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return running.medians(samples)


def imports(asked: Asked) -> dict[str, dict[str, float]]:
    """Measure the import (CPU, after Flask, SQLAlchemy, Flask-Login) and a worker's memory."""
    print("imports and memory", file=sys.stderr)
    times: dict[str, list[float]] = {side: [] for side in asked.sides if side in MODULES}
    for _ in range(asked.rounds * 2):
        for side, seconds in times.items():
            code = IMPORT.format(module=MODULES[side])
            command = [str(python_of(side)), "-c", code]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
            seconds.append(float(done.stdout))
    result = {side: {"import": statistics.median(seconds)} for side, seconds in times.items()}
    with _room("sqlite") as (made, folder, stack):
        for side in [side for side in asked.sides if side != "core"]:
            server = Served(_place(side, made, folder))
            stack.callback(server.close)
            server.take("update" if side == "bare" else "journey", 20)
            server.take("plain", 200)
            for kind in ("memory", "private"):
                result.setdefault(side, {})[kind] = server.hook(kind)
    return result
