"""The content of the wheels and sdists that `make wheels` builds."""

import configparser
import re
import tarfile
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tests.support import built
from tools import wheels

ROOT = Path(__file__).resolve().parents[2]
TWOFACTOR = ROOT / "portal" / "twofactor"
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


class Wheel:
    """A wheel; the names of its files, and its metadata."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}

    @property
    def metadata(self) -> Message:
        (name,) = (name for name in self.files if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(self.files[name].decode())

    def required(self) -> list[str]:
        """The requirements without any extra."""
        return [each for each in self.metadata.get_all("Requires-Dist", []) if ";" not in each]

    def tops(self) -> set[str]:
        tops = {name.split("/")[0] for name in self.files}
        return {top for top in tops if not top.endswith(".dist-info")}


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    return Wheel(built.wheel(tmp_path_factory, built.PORTAL))


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    return Wheel(built.wheel(tmp_path_factory, built.BLUEPRINT))


def needed_at_run_time(folder: Path) -> set[str]:
    data = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in SUFFIXES and FOLDERS.intersection(path.parts)
    }
    assert {Path(name).suffix for name in data} >= {".html", ".css", ".js", ".po"}
    return data | {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}


def test_all_that_the_portal_needs_at_run_time_is_in_it(portal):
    assert {f"portal/{name}" for name in needed_at_run_time(ROOT / "portal")} <= set(portal.files)


def test_the_blueprint_is_the_files_of_the_portal_under_another_name(portal, blueprint):
    """F-65: no copy in the repository, nothing of the top-level name `portal` in it"""
    mine = {name: data for name, data in blueprint.files.items() if ".dist-info" not in name}
    theirs = {
        name.replace("portal/twofactor/", "flask_twofactor/", 1): data
        for name, data in portal.files.items()
        if name.startswith("portal/twofactor/")
    }
    assert mine == theirs
    assert {f"flask_twofactor/{name}" for name in needed_at_run_time(TWOFACTOR)} <= set(mine)


def test_nothing_else_is_in_them(portal, blueprint):
    assert portal.tops() == {"portal"}
    assert blueprint.tops() == {"flask_twofactor"}


def test_their_types_are_announced(portal, blueprint):
    assert {"portal/py.typed", "portal/twofactor/py.typed"} <= portal.files.keys()
    assert "flask_twofactor/py.typed" in blueprint.files


def test_the_licences_travel_with_them(portal, blueprint):
    assert portal.metadata["License-Expression"] == "MIT AND OFL-1.1 AND ISC"
    assert blueprint.metadata["License-Expression"] == "MIT"
    # A font or an icon of somebody else would have a licence of its own.
    assert not {name for name in blueprint.files if name.endswith((".ttf", ".woff2", ".svg"))}
    for wheel in (portal, blueprint):
        assert any(name.endswith("/licenses/LICENSE") for name in wheel.files)


@pytest.mark.parametrize("which", ["portal", "blueprint"])
def test_the_metadata_is_complete(which, request):
    """F-103: author and what people search by; no address, since none is public"""
    metadata = request.getfixturevalue(which).metadata
    for name in ("Summary", "Author", "Maintainer", "Keywords", "License-File"):
        assert metadata[name], name
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Version"] == wheels.version()
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().lstrip().startswith("# ")
    classifiers = metadata.get_all("Classifier")
    assert len(classifiers) == len(set(classifiers))
    for minor in (11, 12, 13):
        assert f"Programming Language :: Python :: 3.{minor}" in classifiers
    assert {"Framework :: Flask", "Typing :: Typed", "Topic :: Security"} <= set(classifiers)


@pytest.mark.parametrize("which", ["portal", "blueprint"])
def test_nothing_is_required_twice(which, request):
    wheel = request.getfixturevalue(which)
    required = [re.split(r"[>=\[]", each)[0].lower() for each in wheel.required()]
    assert len(required) == len(set(required))
    assert not {"flask-twofactor", "flask-portal-twofactor"} & set(required)
    extras = [each for each in wheel.metadata.get_all("Requires-Dist") if ";" in each]
    assert not {re.split(r"[>=\[; ]", each)[0].lower() for each in extras} & set(required)


def test_the_blueprint_requires_what_it_needs_to_run_and_no_more(blueprint):
    """F-103: Alembic, Flask-Migrate and the libraries of the extras are left to the host"""
    names = {each.split(">=")[0] for each in blueprint.required()}
    optional = {"alembic", "babel", "fido2", "flask-babel", "flask-migrate", "reportlab"}
    assert not names & optional
    assert len(names) == 14
    assert blueprint.metadata.get_all("Provides-Extra") == [
        *("babel", "migrate", "passkeys", "pdf", "prometheus"),
    ]


def test_the_bounds_are_those_of_the_portal():
    def bounds(path: Path) -> dict[str, str]:
        config = configparser.ConfigParser()
        config.read(path)
        lines = [config["options"]["install_requires"], *config["options.extras_require"].values()]
        return dict(each.split(">=") for line in lines for each in line.split())

    own, portal = bounds(ROOT / "distribution" / "setup.cfg"), bounds(ROOT / "setup.cfg")
    assert own.items() <= portal.items()


def test_a_german_portal_needs_no_extra(portal):
    assert "flask-babel>=4.0" in portal.required()


def test_the_sdist_of_the_blueprint_builds_the_same_wheel(tmp_path_factory, tmp_path, blueprint):
    (sdist,) = built.distributions(tmp_path_factory).glob(f"{built.BLUEPRINT}-[0-9]*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    assert (tree / "README.md").exists()
    wheels.build_tree(tree, tmp_path / "again")
    (again,) = (tmp_path / "again").glob("*.whl")
    assert Wheel(again).files == blueprint.files


def test_the_sdist_of_the_portal_has_what_make_wheels_needs(tmp_path_factory):
    (sdist,) = built.distributions(tmp_path_factory).glob(f"{built.PORTAL}-*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"distribution/setup.cfg", "distribution/README.md", "tools/wheels.py"} <= names
