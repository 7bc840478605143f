"""The built distributions, and clean environments to install them in; each is made once a run."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import wheels

ROOT = Path(__file__).resolve().parents[2]
PORTAL, BLUEPRINT = "flask_portal_twofactor", "flask_twofactor"
_KEPT = ("PATH", "HOME", "LANG")


def run(*command: str | Path, cwd: Path, fails: bool = False, **env: str) -> str:
    """Run a command away from the source tree; return what it printed."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    kept |= {name: os.environ[name] for name in _KEPT if name in os.environ}
    done = subprocess.run(
        command, cwd=cwd, env=kept | env, capture_output=True, text=True, check=False
    )
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    return done.stdout + (done.stderr if fails else "")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a name; the first of the processes of a run to need it fills it."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / name
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / f"{name}.made").exists():
            folder.mkdir()
            make(folder)
            (base / f"{name}.made").touch()
    return folder


def distributions(factory: pytest.TempPathFactory) -> Path:
    """Return the folder with both wheels and sdists, built as `make wheels` does."""
    return once(factory, "distributions", lambda folder: print(wheels.build(folder)))


def wheel(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return the wheel of `PORTAL` or `BLUEPRINT`."""
    (path,) = distributions(factory).glob(f"{name}-[0-9]*.whl")
    return path


def environment(folder: Path) -> Path:
    """Make a virtual environment; return its Python. It has no pip, which takes long to install."""
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    return folder / "venv" / "bin" / "python"


def pip(python: Path, *words: str | Path) -> str:
    """Run the pip of the tests on an environment; return what it printed."""
    program = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    return run(*program, *words, cwd=python.parents[2])


def install(python: Path, *what: str | Path) -> None:
    """Install packages with pip, in the versions of CI; what is never imported is not compiled."""
    options = ("--quiet", "--no-compile", "--constraint", ROOT / "constraints.txt")
    pip(python, "install", *options, *what)


def with_blueprint(factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with `flask-twofactor` and what it requires alone."""

    def make(folder: Path) -> None:
        install(environment(folder), wheel(factory, BLUEPRINT))

    return once(factory, "with-blueprint", make) / "venv" / "bin" / "python"
