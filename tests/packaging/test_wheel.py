"""The content of the wheel."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

SUFFIXES = {
    ".html",
    ".txt",
    ".css",
    ".js",
    ".svg",
    ".png",
    ".ico",
    ".woff2",
    ".po",
    ".pot",
    ".ini",
    ".mako",
    ".ttf",
}
FOLDERS = {"templates", "static", "translations", "migrations", "fonts"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build the wheel from a copy, so that the tree itself stays clean."""
    copy = tmp_path_factory.mktemp("tree")
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([sys.executable, "-m", "build", "--wheel", "."], cwd=copy, check=True)
    (path,) = (copy / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_every_file_that_the_package_reads_at_run_time_is_in_it(wheel):
    needed = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "portal").rglob("*")
        if path.suffix in SUFFIXES and FOLDERS.intersection(path.parts)
    }
    assert {Path(name).suffix for name in needed} >= {".html", ".css", ".js", ".po"}
    assert needed <= set(wheel.namelist())


def test_every_module_is_in_it(wheel):
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "portal").rglob("*.py")}
    assert modules <= set(wheel.namelist())


def test_its_types_are_announced(wheel):
    assert {"portal/py.typed", "portal/twofactor/py.typed"} <= set(wheel.namelist())


def test_nothing_else_is_in_it(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"portal"}


def test_the_licence_travels_with_it(wheel):
    (metadata,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    text = wheel.read(metadata).decode()
    assert "License-Expression: MIT" in text
    assert "Requires-Python: >=3.11" in text


def test_the_portal_speaks_german_without_an_extra(wheel):
    (metadata,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    lines = wheel.read(metadata).decode().splitlines()
    assert "Requires-Dist: flask-babel>=4.0" in lines
    assert "Provides-Extra: babel" in lines  # the name that hosts of the blueprint install
