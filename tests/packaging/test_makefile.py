"""The Makefile, run with an interpreter that only records its arguments."""

import os
import re
import shutil
import subprocess
from itertools import permutations
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
# The extras that each target needs.
NEEDED = {
    "run": {"serve"},
    "dev": {"serve"},
    "test-fast": {"serve", "test", "postgres", "mysql"},
    "docs": {"docs"},
}
# The modification time of the files, in Unix seconds.
CHANGED = 1_700_000_000
FIRST = ["run", "dev", "test", "test-fast", "lint"]


class Folder:
    """A fresh clone whose environment has an interpreter that does nothing."""

    def __init__(self, path: Path) -> None:
        self._path, self._asked = path, path / "asked"
        for name in ("Makefile", "setup.cfg", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, path / name)
            os.utime(path / name, (CHANGED, CHANGED))
        python = path / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text('#!/bin/sh\necho "$@" >> asked\n')
        python.chmod(0o755)
        (path / "examples").mkdir()

    def make(self, *targets: str) -> str:
        """Run make; returns what it printed."""
        kept = {"PATH": os.environ["PATH"]}
        return subprocess.run(
            ["make", *targets], cwd=self._path, env=kept, check=True, capture_output=True, text=True
        ).stdout

    def installed(self) -> set[str]:
        """Return the extras that have been installed so far."""
        asked = self._asked.read_text()
        found = re.findall(r"^-m pip install .*--editable \.\[(.+)\]$", asked, re.MULTILINE)
        return {extra for extras in found for extra in extras.split(",")}

    def installs(self) -> int:
        """Return how often pip was run."""
        return self._asked.read_text().count("-m pip install")

    def let_stamps_age(self) -> None:
        """Make each install older than the last change of the files."""
        for stamp in (self._path / ".venv").glob(".installed*"):
            os.utime(stamp, (CHANGED - 1, CHANGED - 1))


@pytest.fixture
def folder(tmp_path):
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    return Folder(tmp_path)


@pytest.mark.parametrize(("first", "second"), [*permutations(NEEDED, 2)])
def test_each_target_installs_what_it_needs(folder, first, second):
    """F-82: in any order of targets, and nothing is installed twice."""
    folder.make(first)
    assert folder.installed() >= NEEDED[first]
    folder.make(second)
    assert folder.installed() >= NEEDED[second]
    installs = folder.installs()
    folder.make(first, second)
    assert folder.installs() == installs


def test_run_after_test_fast_installs_nothing(folder):
    folder.make("test-fast")
    folder.make("run", "test-fast")
    assert folder.installs() == 1


def test_other_versions_are_installed(folder):
    folder.make("run", "docs")
    folder.let_stamps_age()
    folder.make("run", "docs")
    folder.make("run", "docs")
    assert folder.installs() == 4


def test_help_has_a_line_for_each_target(folder):
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    targets = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE).group(1).split()
    lines = re.findall(r"^  make ([a-z-]+) +\S.*$", folder.make("help"), re.MULTILINE)
    assert sorted(lines) == sorted(targets)
    assert lines[: len(FIRST)] == FIRST
    assert folder.make() == folder.make("help")
