"""Docstrings say what a function does, in plain English."""

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("portal", "tools", "bench", "examples", "tests")
RIDDLE = re.compile(r"(What|Who|Whoever|Whose|Where|How|When|Whether)\b")


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_begins_with_a_question(folder):
    """The first word is a verb, or the noun that is returned."""
    found = [
        f"{path.relative_to(ROOT)}: {text.splitlines()[0]}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (text := ast.get_docstring(node))
        and RIDDLE.match(text)
    ]
    assert found == []
