"""Test modules that a run leaves out as a whole, so that they need not be imported.

Collecting them takes half of the time of the fast part.
"""

import re
from functools import cache
from pathlib import Path

_EXPRESSION = re.compile(r"not (\w+)(?: and not (\w+))*")
_MARKS = re.compile(r"^pytestmark = (\[.*?^\]|.*?$)", re.MULTILINE | re.DOTALL)


@cache
def unwanted(expression: str) -> frozenset[str]:
    """Return the marks that no test of the run may have, by pytest's option `-m`."""
    if not _EXPRESSION.fullmatch(expression):
        return frozenset()
    return frozenset(expression.split()) - {"not", "and"}


def marks_of(path: Path) -> frozenset[str]:
    """Return the marks of all tests of a module, from its source."""
    found = _MARKS.search(path.read_text(encoding="utf-8"))
    marks = frozenset(re.findall(r"mark\.(\w+)", found[1])) if found else frozenset()
    return marks | ({"browser"} if path.parent.name == "browser" else frozenset())


def is_left_out(path: Path, expression: str) -> bool:
    """Return whether a run leaves out all tests of a module."""
    return (
        path.name.startswith("test_")
        and path.suffix == ".py"
        and bool(unwanted(expression) & marks_of(path))
    )
