"""The parts of the bench about growth: accounts, areas, devices, events, and gunicorn workers."""

import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from . import running
from .parts import Asked, place, room
from .sides import Databases, InProcess, Served

GROWING = ["guard_whole", "deed_right", "right", "wrong", "journey"]
# The journey deletes the devices, and the enrolment would.
WITH_DEVICES = ["guard_whole", "deed_right", "deed_wrong", "right", "wrong", "preferences"]
WITH_MORE = [*GROWING, "enrolment", "preferences"]
FEW_ACCOUNTS = 1000
# The host has five areas; a person may have five apps and ten passkeys.
FEW_AREAS, MANY_AREAS = 5, 100
DEVICES = 15
# A page lists the newest ten changes and ten codes of the measured user, who has half of these.
FEW_EVENTS = 100
# What many may cost of what few do, in the same rounds; less is noise.
FLAT = 1.1
# Few and many are alike but for the growth, so short rounds tell it best: they have one mood.
_SHORTER = 3


def growth(asked: Asked) -> dict[str, Any]:
    """Compare each side with many accounts with the same side with 1,000."""
    result = {}
    for kind in asked.databases:
        print(f"{asked.accounts:,} accounts, {kind}", file=sys.stderr)
        with room(kind) as (made, folder, stack):
            sides, kind_of = {}, {}
            for side in [side for side in asked.sides if side not in {"bare", "core"}]:
                for label, accounts in (("few", FEW_ACCOUNTS), ("many", asked.accounts)):
                    worker = InProcess(place(side, made, folder))
                    stack.callback(worker.close)
                    worker.hook(f"load {accounts}")
                    worker.hook("analyze")
                    sides[f"{side} {label}"], kind_of[f"{side} {label}"] = worker, side
            rounds = _short_rounds(sides, kind_of, GROWING, asked)
            result[kind] = pairs(rounds)
    return result


def ours_with_more(asked: Asked) -> dict[str, Any]:
    """Compare our side with many areas, devices and events with the usual one."""
    result = {}
    for kind in asked.databases:
        print(f"areas, events and devices, {kind}", file=sys.stderr)
        with room(kind) as (made, folder, stack):

            def start(
                made: Databases = made, folder: Path = folder, stack: ExitStack = stack, **more: str
            ) -> InProcess:
                worker = InProcess(place("ours", made, folder, **more))
                stack.callback(worker.close)
                return worker

            usual, many_events = start(), start()
            many_areas = start(BENCH_MORE_AREAS=str(MANY_AREAS - FEW_AREAS))
            for worker in (usual, many_areas):
                worker.hook(f"events {FEW_EVENTS}")
            many_events.hook(f"events {asked.events}")
            many_events.hook("analyze")
            found = _against_few(
                {"usual": usual, "areas": many_areas, "events": many_events}, WITH_MORE, asked
            )
            one, many = start(BENCH_PASSKEYS="1"), start(BENCH_PASSKEYS="1")
            # Ada has her first device when she has signed in.
            many.take("guard_whole", 1)
            many.hook(f"devices {DEVICES}")
            found |= _against_few({"usual": one, "devices": many}, WITH_DEVICES, asked)
            result[kind] = found
    return result


def _against_few(workers: dict[str, InProcess], names: list[str], asked: Asked) -> dict[str, Any]:
    """Return, by case, what `pairs` does, each compared with the worker `usual`."""
    rounds = _short_rounds(workers, dict.fromkeys(workers, "ours"), names, asked)
    found = {}
    for case in [name for name in workers if name != "usual"]:
        two = {
            name: {"ours few": sides["usual"], "ours many": sides[case]}
            for name, sides in rounds.items()
        }
        found[case] = pairs(two)
    return found


def _short_rounds(
    workers: dict[str, InProcess], kind_of: dict[str, str], names: list[str], asked: Asked
) -> running.Rounds:
    times = max(1, asked.times // _SHORTER)
    return running.run(workers, kind_of, names, asked.rounds * _SHORTER, times)


def pairs(rounds: running.Rounds) -> dict[str, Any]:
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
            }
    return result


def workers(asked: Asked) -> dict[str, dict[str, Any]]:
    """Measure our side with 1, 2 and 4 gunicorn workers and the same number of browsers."""
    result: dict[str, dict[str, Any]] = {}
    for kind in asked.databases:
        for number in (1, 2, 4):
            print(f"{number} gunicorn workers, {kind}", file=sys.stderr)
            with room(kind) as (made, folder, stack):
                where = place("ours", made, folder)
                # Create tables and users before several workers do so at once.
                InProcess(where).close()
                server = Served(where, number)
                stack.callback(server.close)
                server.take("guard_whole", 2)
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
