"""The part of the bench about a process: the import of the package, and a worker's memory."""

import re
import statistics
import subprocess
import sys
from typing import Any

from . import profiles
from .parts import Asked, place, room
from .sides import ROOT, Served, environment, python_of

# What a host has loaded anyway.
_BEFORE = "import flask, sqlalchemy, flask_login;"
_IMPORT = (
    f"import sys, time; {_BEFORE} before = time.process_time(); begun = len(sys.modules);"
    "import {module};"
    "print(time.process_time() - before, before, len(sys.modules) - begun,"
    " sum(name.partition('.')[0] == 'fido2' for name in sys.modules))"
)
MODULES = {"ours": "portal.twofactor", "security_too": "flask_security"}
# Servers of each side that are started in turns for their memory.
_STARTS = 3
# A line of `-X importtime`: microseconds of the module alone, cumulated, name.
_TIMED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def imports(asked: Asked) -> dict[str, Any]:
    """Measure the import (CPU, after Flask, SQLAlchemy, Flask-Login) and a worker's memory.

    Returns:
        By side: "import" and "host", seconds of the package and of what was loaded before it;
        "modules", how many it loads; "passkey_library", how many of them are fido2's, which is
        installed here; "private" and "memory" in bytes (`timed.memory`). Of ours also
        "passkey_modules", how many of ours have to do with passkeys, "passkey_share", their share
        of the import, and "profile", where the time of the import goes.
    """
    print("imports and memory", file=sys.stderr)
    taken: dict[str, list[list[float]]] = {side: [] for side in asked.sides if side in MODULES}
    for number in range(asked.rounds * 3 + 1):
        for side, figures in taken.items():
            done = _run(side, "-c", _IMPORT.format(module=MODULES[side]))
            if number:  # the first run may compile
                figures.append([float(figure) for figure in done.stdout.split()])
    names = ("import", "host", "modules", "passkey_library")
    result: dict[str, Any] = {
        side: dict(zip(names, map(statistics.median, zip(*figures, strict=True)), strict=True))
        for side, figures in taken.items()
    }
    if "ours" in result:
        result["ours"] |= _by_module(asked.rounds)
    for side, sizes in _memory(asked).items():
        result.setdefault(side, {}).update(sizes)
    return result


def _run(side: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(python_of(side)), *arguments]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment()
    )


def _by_module(rounds: int) -> dict[str, Any]:
    """Return what the interpreter says of the modules that the import loads."""
    taken: dict[str, list[int]] = {}
    for _ in range(rounds):
        told = _run("ours", "-X", "importtime", "-c", f"{_BEFORE} import portal.twofactor").stderr
        lines = [(name, int(own)) for own, name in _TIMED.findall(told)]
        # Up to here it is what the host has loaded.
        last = max(number for number, (name, _) in enumerate(lines) if name == "flask_login")
        for name, own in lines[last + 1 :]:
            taken.setdefault(name, []).append(own)
    alone = {name: statistics.median(figures) for name, figures in taken.items()}
    about = [name for name in alone if "passkey" in name or "webauthn" in name]
    return {
        "passkey_modules": len(about),
        "passkey_share": sum(alone[name] for name in about) / sum(alone.values()),
        "profile": profiles.of_import(alone),
    }


def _memory(asked: Asked) -> dict[str, dict[str, float]]:
    """Return the bytes of a gunicorn worker after 20 journeys, without passkeys."""
    sides = [side for side in asked.sides if side != "core"]
    found: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for _ in range(min(_STARTS, asked.rounds)):
        for side in sides:
            with room("sqlite") as (made, folder, stack):
                server = Served(place(side, made, folder))
                stack.callback(server.close)
                server.take("update" if side == "bare" else "journey", 20)
                server.take("plain", 200)
                kinds = ("memory", "private", "passkey_library")
                found[side].append({kind: server.hook(kind) for kind in kinds})
    return {
        side: {
            "memory": statistics.median(each["memory"] for each in samples),
            "private": statistics.median(each["private"] for each in samples),
            "passkey_library_used": max(each["passkey_library"] for each in samples),
        }
        for side, samples in found.items()
    }
