"""Every public object has its place in the site, where other pages and projects can link to it."""

import shutil
import subprocess
import sys
import zlib

import pytest

import portal.twofactor
from portal.twofactor import TwoFactor, signals, testing
from portal.twofactor.app.operator import Operator

from .pages import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def linkable(tmp_path_factory):
    """The names in the inventory of the site. It reads all pages; `make docs` writes them, too."""
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("pictures"))
    (folder / "docs" / "pictures").symlink_to(ROOT / "docs" / "pictures")
    command = [sys.executable, "-m", "sphinx", "--quiet", str(folder / "docs"), str(folder / "out")]
    command.append(str(folder / "docs" / "reference.md"))
    subprocess.run(command, check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""})
    packed = (folder / "out" / "objects.inv").read_bytes().split(b"zlib.\n", 1)[1]
    lines = zlib.decompress(packed).decode().splitlines()
    return {line.split()[0] for line in lines if " py:" in line}


def test_every_public_object_is_linkable(linkable):
    name = portal.twofactor.__name__
    public = {each for each in portal.twofactor.__all__ if not each.startswith("__")} - {"signals"}
    wanted = {f"{name}.{each}" for each in public}
    wanted |= {f"{name}.TwoFactor.{each}" for each in dir(TwoFactor) if not each.startswith("_")}
    operator = f"{Operator.__module__.rpartition('.')[0]}.{Operator.__name__}"
    wanted |= {f"{operator}.{each}" for each in dir(Operator) if not each.startswith("_")}
    wanted |= {f"{name}.signals.{each}" for each in signals.BY_NAME}
    wanted |= {f"{name}.testing.{each}" for each in testing.__all__}
    assert wanted - linkable == set()
