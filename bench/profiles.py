"""The time of a request by function and by library, to explain a missed budget.

It is CPU time as cProfile sees it, so functions that are called often seem dearer than they are.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping
from cProfile import Profile
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# In the keys of a sample: seconds in the function alone, and with all that it calls.
OWN, ALL = "own:", "all:"
# Of each list; less than a hundredth is left out.
MOST, LEAST = 6, 0.01
_FRAMEWORK = "Flask and its extensions"
_LIBRARIES = {
    **dict.fromkeys(("flask", "werkzeug", "itsdangerous", "blinker"), _FRAMEWORK),
    **dict.fromkeys(("flask_login", "flask_wtf", "wtforms"), _FRAMEWORK),
    **dict.fromkeys(("sqlalchemy", "flask_sqlalchemy"), "SQLAlchemy"),
    **dict.fromkeys(("psycopg", "psycopg_binary", "psycopg_pool"), "psycopg"),
    **dict.fromkeys(("jinja2", "markupsafe"), "Jinja"),
    **dict.fromkeys(("babel", "flask_babel"), "Babel"),
    "cryptography": "cryptography",
    "qrcode": "qrcode",
    "bcrypt": "bcrypt",
}
_OURS = "portal.twofactor"


def seconds(profile: Profile) -> dict[str, float]:
    """Return the seconds of each function, alone (OWN) and cumulated (ALL), as a sample."""
    found: defaultdict[str, float] = defaultdict(float)
    for entry in profile.getstats():
        place = _place(entry.code)
        found[OWN + place] += entry.inlinetime
        found[ALL + place] += entry.totaltime
    return dict(found)


def summary(samples: list[dict[str, float]]) -> dict[str, Any]:
    """Return the shares of libraries, of single functions, and of ours with what they call.

    Args:
        samples: with the keys of `seconds`.

    Returns:
        "libraries", "own" and "cumulated": lists of a name and its share of the time, the largest
        first.
    """
    summed: defaultdict[str, float] = defaultdict(float)
    for sample in samples:
        for key, value in sample.items():
            summed[key] += value
    own = _those(summed, OWN)
    whole = sum(own.values()) or 1
    libraries: defaultdict[str, float] = defaultdict(float)
    for place, taken in own.items():
        libraries[place.partition(": ")[0]] += taken
    # What wraps a view has the time of the view.
    ours = {
        place.partition(": ")[2]: taken
        for place, taken in _those(summed, ALL).items()
        if place.startswith(f"{_OURS}: ") and "<locals>" not in place
    }
    return {
        "libraries": _shares(libraries, whole),
        "own": _shares(own, whole),
        "cumulated": _shares(ours, whole),
    }


def of_import(alone: Mapping[str, float]) -> dict[str, Any]:
    """Return the same of an import.

    Args:
        alone: the time of each module's own lines, by its dotted name.

    Returns:
        "cumulated" are the packages of ours, with all that is in them.
    """
    libraries: defaultdict[str, float] = defaultdict(float)
    inside: defaultdict[str, float] = defaultdict(float)
    for name, taken in alone.items():
        top, *rest = name.split(".")
        library = _OURS if top == "portal" else _LIBRARIES.get(top, top)
        libraries["Python" if top in sys.stdlib_module_names else library] += taken
        if top == "portal":
            inside[".".join(["twofactor", *rest[1:2]])] += taken
    whole = sum(alone.values()) or 1
    return {
        "libraries": _shares(libraries, whole),
        "own": _shares(alone, whole),
        "cumulated": _shares(inside, whole),
    }


def _those(summed: Mapping[str, float], prefix: str) -> dict[str, float]:
    return {
        key.removeprefix(prefix): value for key, value in summed.items() if key.startswith(prefix)
    }


def _shares(taken: Mapping[str, float], whole: float) -> list[tuple[str, float]]:
    largest = sorted(taken.items(), key=lambda item: item[1], reverse=True)[:MOST]
    return [(name, round(value / whole, 3)) for name, value in largest if value / whole >= LEAST]


def _place(code: CodeType | str) -> str:
    """Return the library and the function, such as `SQLAlchemy: Session.execute`."""
    if isinstance(code, str):
        return f"{_of_c(code)}: {code.strip('<>').removeprefix('built-in method ')}"
    path = Path(code.co_filename)
    if path.is_relative_to(ROOT / "portal"):
        inside = path.relative_to(ROOT / "portal").as_posix().removeprefix("twofactor/")
        return f"{_OURS}: {inside} {code.co_qualname}"
    if path.is_relative_to(ROOT / "bench") or code.co_filename == "<template>":
        return f"the host: {code.co_qualname}"
    parts = path.parts
    if "site-packages" in parts:
        package = parts[parts.index("site-packages") + 1].removesuffix(".py")
        return f"{_LIBRARIES.get(package, package)}: {code.co_qualname}"
    return f"Python: {code.co_qualname}"


def _of_c(name: str) -> str:
    """Return the library of a function that is written in C."""
    if "sqlite3" in name:
        return "sqlite3"
    for package, library in _LIBRARIES.items():
        if package in name:
            return library
    return "Python"
