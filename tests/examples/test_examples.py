"""The example hosts, each in an environment of its own that has what its README installs alone.

`flask-twofactor` comes from its wheel, so what is in the source tree alone is not found.
"""

import re
import shutil
from pathlib import Path

import pytest

from tests.support import built

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
CACHES = shutil.ignore_patterns("__pycache__", "instance", ".pytest_cache")
pytestmark = pytest.mark.slow

# Passwords are hashed at the lowest cost, as in our own tests.
CONFTEST = """
import flask_twofactor, werkzeug.security
werkzeug.security.generate_password_hash.__defaults__ = ("scrypt:1024:8:1", 16)
print(flask_twofactor.__file__)
"""


def readme(name: str) -> str:
    return (EXAMPLES / name / "README.md").read_text(encoding="utf-8")


def wanted(name: str) -> list[str]:
    """The packages that the README tells to install."""
    line = re.search(r"^\$ pip install (.+)$", readme(name), re.MULTILINE)
    assert line, f"examples/{name}/README.md has no line with pip install"
    return [word.strip("'\"") for word in line[1].split()]


@pytest.fixture
def installed(name, tmp_path_factory):
    """The Python of the environment of an example, which has pytest besides."""

    def make(folder: Path) -> None:
        built.lent(tmp_path_factory, folder, *wanted(name), "pytest")

    return built.once(tmp_path_factory, f"example-{name}", make) / "venv" / "bin" / "python"


@pytest.fixture
def copy(name, tmp_path):
    """The files of an example, away from the source tree."""
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder, ignore=CACHES)
    return folder


def test_there_are_some():
    assert {"minimal", "shop", "api"} <= {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_works_with_the_installed_package(installed, copy):
    (copy / "conftest.py").write_text(CONFTEST)
    quiet = ("-q", "-s", "-W", "error", "-p", "no:cacheprovider")
    printed = built.run(installed, "-m", "pytest", *quiet, cwd=copy)
    assert Path(printed.split()[0]).is_relative_to(installed.parents[1])
    assert re.search(r"\d+ passed", printed)
    assert "skipped" not in printed


@pytest.mark.parametrize("name", ["shop"])
def test_an_example_runs_as_its_readme_says(installed, copy):
    flask = (installed, "-m", "flask", "--app", "shop")
    for command in (("db", "upgrade"), ("demo",)):
        built.run(*flask, *command, cwd=copy)
    assert "/orders" in built.run(*flask, "twofactor", "areas", cwd=copy)


@pytest.mark.parametrize("name", NAMES)
def test_no_example_needs_the_portal(name):
    """F-65: hosts take the distribution that has nothing else in it"""
    for path in (EXAMPLES / name).rglob("*.py"):
        assert "portal" not in path.read_text(encoding="utf-8"), path
    assert wanted(name)[0].startswith("flask-twofactor")


def test_the_smallest_has_sixty_lines_at_most():
    assert len((EXAMPLES / "minimal" / "app.py").read_text().splitlines()) <= 60


@pytest.mark.parametrize("name", NAMES)
def test_every_example_says_what_it_is(name):
    assert readme(name).startswith("# ")
