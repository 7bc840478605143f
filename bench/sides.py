"""The processes of the sides: each has an environment, and a worker or gunicorn."""

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .browser import over_http
from .worker import Measuring

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"

LABELS = {
    "ours": "portal.twofactor",
    "core": "portal.twofactor, users without the ORM",
    "security_too": "Flask-Security-Too",
    "two_factor": "django-two-factor-auth",
    "allauth": "allauth.mfa",
    "bare": "floor",
}
PEERS = ("security_too", "two_factor", "allauth")
# Newest versions; the report lists them. Ours is installed as in a host, without the packages for
# tests and documentation.
PACKAGES = {
    "ours": ["--editable", f"{ROOT}[postgres,serve]"],
    "security_too": ["Flask-Security-Too[fsqla,mfa]", "bcrypt", "nh3"],
    "two_factor": ["django-two-factor-auth", "bcrypt"],
    "allauth": ["django-allauth[mfa]", "bcrypt"],
}
SHOWN = {
    "ours": ["Flask", "SQLAlchemy", "Flask-Login", "Flask-WTF", "gunicorn"],
    "security_too": ["Flask-Security-Too", "Flask", "SQLAlchemy"],
    "two_factor": ["django-two-factor-auth", "django-otp", "Django"],
    "allauth": ["django-allauth", "Django"],
}


def _environment(side: str) -> str:
    """Return the side whose environment a side uses; `bare` and `core` use that of `ours`."""
    return "ours" if side in {"bare", "core"} else side


def python_of(side: str) -> Path:
    """Return the path of a side's interpreter."""
    return BUILD / "venvs" / _environment(side) / "bin" / "python"


def install(side: str) -> None:
    """Create the environment of a side if it does not exist."""
    side, python = _environment(side), python_of(side)
    done = BUILD / "venvs" / side / ".installed"
    if done.exists():
        return
    print(f"Installing {LABELS[side]} into {python.parent.parent} ...", file=sys.stderr)
    shutil.rmtree(python.parent.parent, ignore_errors=True)
    venv.create(python.parent.parent, with_pip=True)
    packages = [*PACKAGES[side], "gunicorn", "psycopg[binary]"]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    subprocess.run(pip, check=True, stdout=sys.stderr)
    done.touch()


def versions(side: str) -> dict[str, str]:
    """Return the versions of a side's packages."""
    if side not in SHOWN:
        return {}
    code = (
        "import importlib.metadata, json, sys;"
        "print(json.dumps({n: importlib.metadata.version(n) for n in sys.argv[1:]}))"
    )
    done = subprocess.run(
        [python_of(side), "-c", code, *SHOWN[side]], check=True, capture_output=True, text=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def environment() -> dict[str, str]:
    """Return the environment variables of all measured processes."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # The same hash seed for all, so that dictionaries are equally fast.
    return {**kept, "PYTHONHASHSEED": "0"}


@dataclass
class Place:
    """A side with a database.

    Args:
        side: the name of the side.
        uri: the address of an empty database.
        folder: the folder for its files.
        environment: environment variables, added to those of this process.
    """

    side: str
    uri: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_environment(self) -> dict[str, str]:
        named = {"BENCH_SIDE": self.side, "BENCH_URI": self.uri, "BENCH_FOLDER": str(self.folder)}
        return {**environment(), **named, **self.environment}


class InProcess:
    """A worker process that calls the application itself."""

    def __init__(self, place: Place) -> None:
        self._log = (place.folder / f"{place.side}.log").open("ab")
        self._process = subprocess.Popen(
            [python_of(place.side), "-m", "bench.worker", place.side, place.uri, place.folder],
            cwd=ROOT,
            env=place.full_environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._place = place

    def take(self, name: str, times: int, count: str = "") -> list[dict[str, float]]:
        """Return samples of a measure (`worker.Measuring.take`)."""
        found: list[dict[str, float]] = self._ask(name=name, times=times, count=count)
        return found

    def hook(self, text: str) -> Any:
        """Run a hook of the application."""
        return self._ask(hook=text)

    def _ask(self, **asked: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            log = (self._place.folder / f"{self._place.side}.log").read_text(errors="replace")
            raise RuntimeError(f"{self._place.side}, {asked}:\n{log[-3000:]}")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        self._log.close()


class Served:
    """gunicorn with sync workers; the person runs in this process."""

    def __init__(self, place: Place, workers: int = 1) -> None:
        self._log = (place.folder / f"{place.side}-gunicorn.log").open("ab")
        listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = listening.getsockname()[1]
        number = listening.fileno()
        self._process = subprocess.Popen(
            [
                *(python_of(place.side), "-m", "gunicorn", "bench.worker:served()"),
                *(f"--bind=fd://{number}", f"--workers={workers}", "--no-control-socket"),
            ],
            cwd=ROOT,
            env=place.full_environment,
            pass_fds=[number],
            stdout=self._log,
            stderr=self._log,
        )
        listening.close()
        self._measuring = Measuring(place.side, over_http(self.port))
        self.take, self.hook = self._measuring.take, self._measuring.hook

    def browse(self, times: int) -> list[dict[str, float]]:
        """Send requests to a guarded route from a new browser; return their costs."""
        browser = Measuring("ours", over_http(self.port)).person("off").browser
        return [browser.post("/other").expect(303).cost for _ in range(times)]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


class Databases:
    """A source of empty databases.

    Args:
        kind: "sqlite" or "postgresql".
        folder: the folder for the files of SQLite.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind, self._folder, self._server = kind, folder, None
        if kind == "postgresql":
            from tests.support import postgres

            self._server = postgres.start()

    def new(self) -> str:
        """Return the SQLAlchemy address of a new database."""
        if self._server is not None:
            uri: str = self._server.create_database()
            return uri
        return f"sqlite:///{self._folder}/{time.time_ns():x}{random.randrange(10**6)}.sqlite"

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()


@contextlib.contextmanager
def databases(kind: str, folder: Path) -> Iterator[Databases]:
    """Yield a source of databases and close it afterwards."""
    made = Databases(kind, folder)
    try:
        yield made
    finally:
        made.close()
