"""One side on one database, in a process and an environment of its own.

    python -m bench.worker SIDE DATABASE FOLDER

reads what to measure from standard input, a JSON object a line, and answers in the same way.
"""

import importlib
import json
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

from .browser import Transport, in_process
from .people.base import Person
from .timed import Timed

# The people that know their way about at a side.
PEOPLE = {
    "bare": {"": "ours.Bare"},
    "ours": {"": "ours.Ours", "off": "ours.NotEnrolled"},
    "core": {"": "ours.Ours", "off": "ours.NotEnrolled"},
    "security_too": {"": "security_too.SecurityToo"},
    "two_factor": {"": "two_factor.TwoFactorAuth"},
    "allauth": {"": "allauth.Allauth"},
}
# Measures that are somebody else's than the usual person's.
OTHERS = {"guard_off": "off"}


def make_app(side: str, uri: str, folder: Path) -> Timed:
    """The host app of a side, its database ready."""
    if uri.startswith("sqlite:///"):
        # As the documentation asks for; the other settings are SQLite's own.
        connection = sqlite3.connect(uri.removeprefix("sqlite:///"))
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    return Timed(importlib.import_module(f"bench.apps.{side}").build(uri, folder))


class Measuring:
    """Somebody at a side, who measures what is asked."""

    def __init__(self, side: str, transport: Transport) -> None:
        self._side, self._transport = side, transport
        self._people: dict[str, Person] = {}

    def take(self, name: str, times: int, count: str = "") -> list[dict[str, float]]:
        """So many samples of a measure; `count` "statements" or "calls" instead."""
        return self.person(OTHERS.get(name, "")).take(name, times, count)

    def hook(self, text: str) -> Any:
        """Run a hook; its result."""
        answer = self.person("").browser.do(text).expect(200)
        return json.loads(answer.body)

    def person(self, who: str = "") -> Person:
        """Somebody who is ready to measure."""
        if who not in self._people:
            module, _, name = PEOPLE[self._side][who].partition(".")
            kind = getattr(importlib.import_module(f"bench.people.{module}"), name)
            self._people[who] = kind(self._transport)
        return self._people[who]


def main() -> None:
    side, uri, folder = sys.argv[1:4]
    measuring = Measuring(side, in_process(make_app(side, uri, Path(folder))))
    for line in sys.stdin:
        asked = json.loads(line)
        hook = asked.pop("hook", None)
        result = measuring.hook(hook) if hook else measuring.take(**asked)
        print(json.dumps(result), flush=True)


def served() -> Timed:
    """The application for gunicorn (`bench.worker:served()`)."""
    side, uri, folder = (os.environ[f"BENCH_{name}"] for name in ("SIDE", "URI", "FOLDER"))
    return make_app(side, uri, Path(folder))


if __name__ == "__main__":
    main()
