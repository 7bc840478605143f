"""A check that what is installed is new enough, made when the package is imported.

pip keeps to the lower bounds, unless it is told not to, or another package is installed later that
holds one back. Too old a version then fails somewhere else, with an error that names nothing. The
check reads file names and the requirements of our own distribution, which takes 1 ms or two; it
must parse on every Python 3, since it is what says that a Python is too old.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import takewhile

# The package is in two distributions, under two names; a copy within a host is in neither.
DISTRIBUTION = "flask-portal-twofactor" if "." in __package__ else "flask-twofactor"
PYTHON = (3, 11)
_REQUIRED = re.compile(r"Requires-Dist: ([\w.-]+)(?:\[[^]]*\])? ?\(?>=([\d.]+)\)?\n")
_INFO = ".dist-info"


def check(paths: Iterable[str]) -> None:
    """Check the versions of Python and of everything that is required.

    Args:
        paths: folders with distributions; of a distribution in several of them, the first counts.

    Raises:
        ImportError: something is too old; the message says what, and how to upgrade it.
    """
    if sys.version_info < PYTHON:
        needed, this = _shown(PYTHON), _shown(sys.version_info[:3])
        raise ImportError(f"{DISTRIBUTION} needs Python {needed} or newer, and this is {this}")
    old = list(_too_old(_installed(paths)))
    if old:
        needs = " and ".join(
            f"{name} {least} or newer (here is {there})" for name, least, there in old
        )
        upgrade = " ".join(f"'{name}>={least}'" for name, least, _ in old)
        raise ImportError(f"{DISTRIBUTION} needs {needs}: run pip install --upgrade {upgrade}")


def _installed(paths: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the version and the metadata folder of each distribution, by its normalised name."""
    found: dict[str, tuple[str, str]] = {}
    for path in paths:
        try:
            names = os.listdir(path or os.curdir)
        except OSError:
            continue
        for name in names:
            if name.endswith(_INFO):
                title, _, version = name[: -len(_INFO)].partition("-")
                found.setdefault(_normal(title), (version, os.path.join(path, name)))
    return found


def _too_old(installed: dict[str, tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield name, lowest version and version of what is too old; extras are not looked at."""
    _, folder = installed.get(DISTRIBUTION, ("", ""))
    for name, least in _requirements(folder) if folder else ():
        version, _ = installed.get(_normal(name), ("", ""))
        if version and _numbers(version) < _numbers(least):
            yield name, least, version


def _requirements(folder: str) -> list[tuple[str, str]]:
    try:
        with open(os.path.join(folder, "METADATA"), encoding="utf-8") as file:
            head = takewhile(str.strip, file)  # the headers end with an empty line
            return [(found[1], found[2]) for line in head if (found := _REQUIRED.fullmatch(line))]
    except OSError:
        return []


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> list[int]:
    """Return the numbers of a release without the zeros at its end, to compare it."""
    found = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(number) for number in found[0].split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


def _shown(numbers: Iterable[int]) -> str:
    return ".".join(map(str, numbers))


check(sys.path)
