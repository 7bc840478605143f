"""The built distributions, and clean environments to install them in; each is made once a run."""

import compileall
import fcntl
import os
import site
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from importlib.metadata import Distribution
from importlib.metadata import distributions as found_in
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def unpacked(factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the content of both wheels, compiled; both are pure Python."""

    def make(folder: Path) -> None:
        for name in (PORTAL, BLUEPRINT):
            with zipfile.ZipFile(wheel(factory, name)) as archive:
                archive.extractall(folder)
        compileall.compile_dir(folder, quiet=1)

    return once(factory, "unpacked", make)


def lent(factory: pytest.TempPathFactory, folder: Path, *what: str) -> Path:
    """Make an environment with what `pip install` would bring, and with nothing else.

    Their files are those of our wheels and of the environment of the tests, which are compiled
    already: pip takes seconds to install them, and Python as long to compile them.

    Args:
        factory: of the run.
        folder: where the environment is made.
        what: requirements, as they are given to pip.

    Returns:
        Its Python.
    """
    python = environment(folder)
    (packages,) = (folder / "venv" / "lib").glob("*/site-packages")
    for each in required(what, [str(unpacked(factory)), *site.getsitepackages()]):
        names = {file.parts[0] for file in each.files or ()} - {"..", "__pycache__"}
        for name in names:
            (packages / name).symlink_to(Path(str(each.locate_file(name))).resolve())
    return python


def required(what: Iterable[str], folders: list[str]) -> list[Distribution]:
    """Return the distributions that pip would install.

    Args:
        what: requirements.
        folders: where distributions are looked for.

    Raises:
        AssertionError: one is missing or has another version; `make test` installs them all.
    """
    found: dict[str, Distribution] = {}
    seen = set()
    waiting = [Requirement(each) for each in what]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if (name, *sorted(wanted.extras)) in seen:
            continue
        seen.add((name, *sorted(wanted.extras)))
        there = next(iter(found_in(name=name, path=folders)), None)
        assert there is not None, f"{wanted} is not in the environment of the tests"
        assert wanted.specifier.contains(there.version), f"{wanted}, and not {there.version}"
        found[name] = there
        for each in map(Requirement, there.requires or ()):
            extras = {"", *wanted.extras}
            if each.marker is None or any(each.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(each)
    return list(found.values())
