"""The worker process of a side with a database, in the environment of that side.

    python -m bench.worker SIDE DATABASE FOLDER

reads requests from standard input, one JSON object per line, and prints one JSON value for each.
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

# The people of each side.
PEOPLE = {
    "bare": {"": "ours.Bare"},
    "ours": {"": "ours.Ours", "off": "ours.NotEnrolled", "passkey": "ours.WithPasskey"},
    "core": {"": "ours.Ours", "off": "ours.NotEnrolled", "passkey": "ours.WithPasskey"},
    "security_too": {"": "security_too.SecurityToo", "passkey": "security_too.WithPasskey"},
    "two_factor": {"": "two_factor.TwoFactorAuth"},
    "allauth": {"": "allauth.Allauth", "passkey": "allauth.WithPasskey"},
}
# Measures of a person other than the usual one.
OTHERS = {"guard_off": "off", "passkey_options": "passkey", "passkey_deed": "passkey"}


def make_app(side: str, uri: str, folder: Path) -> Timed:
    """Create the host app of a side and its database."""
    if uri.startswith("sqlite:///"):
        # As the documentation recommends; the other settings are SQLite's defaults.
        connection = sqlite3.connect(uri.removeprefix("sqlite:///"))
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    return Timed(importlib.import_module(f"bench.apps.{side}").build(uri, folder))


class Measuring:
    """The people of a side, who take the samples."""

    def __init__(self, side: str, transport: Transport) -> None:
        self._side, self._transport = side, transport
        self._people: dict[str, Person] = {}

    def take(self, name: str, times: int, count: str = "") -> list[dict[str, float]]:
        """Return `times` samples; `count` "statements", "calls" or "profile" replaces the time."""
        return self.person(OTHERS.get(name, "")).take(name, times, count)

    def hook(self, text: str) -> Any:
        """Run a hook and return its result."""
        answer = self.person("").browser.do(text).expect(200)
        return json.loads(answer.body)

    def person(self, who: str = "") -> Person:
        """Return a person who is ready to measure."""
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
    """Return the application for gunicorn (`bench.worker:served()`)."""
    side, uri, folder = (os.environ[f"BENCH_{name}"] for name in ("SIDE", "URI", "FOLDER"))
    return make_app(side, uri, Path(folder))


if __name__ == "__main__":
    main()
