"""The example hosts, run from the wheel: what is in the source tree alone is not found."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CACHES = shutil.ignore_patterns("__pycache__", "instance", ".pytest_cache")
pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the source tree; what it printed."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    done = subprocess.run(
        command, cwd=cwd, env=kept | pip, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a clean virtual environment that has the wheel and pytest.

    It is made once, also where several processes run the tests.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    outside = folder / "examples"
    outside.mkdir(exist_ok=True)
    python = outside / "venv" / "bin" / "python"
    with (outside / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (outside / "installed").exists():
            install(outside, python)
            (outside / "installed").touch()
    where = run(python, "-c", "import portal.twofactor as t; print(t.__file__)", cwd=outside)
    assert Path(where.strip()).is_relative_to(outside / "venv")
    return python


def install(outside: Path, python: Path) -> None:
    """Build the wheel of a copy of the tree, which leaves nothing behind in it, and install it."""
    tree = outside / "tree"
    tree.mkdir()
    shutil.copytree(ROOT / "portal", tree / "portal", ignore=CACHES)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    run(sys.executable, "-m", "build", "--wheel", tree, "--outdir", outside, cwd=outside)
    (wheel,) = outside.glob("*.whl")
    run(sys.executable, "-m", "venv", outside / "venv", cwd=outside)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(
        *pip,
        "--constraint",
        ROOT / "constraints.txt",
        wheel,
        "pytest",
        "bootstrap-flask",
        cwd=outside,
    )


@pytest.mark.parametrize("name", ["minimal", "shop", "api", "bootstrap"])
def test_an_example_works_with_the_installed_package(installed, name, tmp_path):
    copy = tmp_path / name
    shutil.copytree(EXAMPLES / name, copy, ignore=CACHES)
    printed = run(
        installed, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", cwd=copy
    )
    assert re.search(r"\d+ passed", printed)
    assert "skipped" not in printed


def test_an_example_runs_as_its_readme_says(installed, tmp_path):
    copy = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "shop", copy, ignore=CACHES)
    flask = (installed, "-m", "flask", "--app", "shop")
    for command in (("db", "upgrade"), ("demo",)):
        run(*flask, *command, cwd=copy)
    assert "/orders" in run(*flask, "twofactor", "areas", cwd=copy)


def test_the_smallest_has_sixty_lines_at_most():
    assert len((EXAMPLES / "minimal" / "app.py").read_text().splitlines()) <= 60


@pytest.mark.parametrize("name", ["minimal", "shop", "api", "bootstrap"])
def test_every_example_says_what_it_is(name):
    assert (EXAMPLES / name / "README.md").read_text().startswith("# ")
