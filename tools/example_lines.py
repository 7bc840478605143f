"""Write the table of examples/README.md: the lines of each example that are there for us.

`python -m tools.example_lines` writes the page; `--check` fails if the page is out of date.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.drift import Page

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
# What the smallest integration of Flask-Security-Too took (docs/comparison.md).
PEER = 22
_MENTION = re.compile("two_?factor", re.IGNORECASE)


def lines_of(source: str) -> set[int]:
    """Return the numbers of the lines of Python that are about two-factor authentication.

    A statement that mentions it counts with all its lines, as do a decorator and the head of a
    block. Comments and docstrings don't count. Of a template in a text, only the lines that
    mention it count.
    """
    written, found = source.splitlines(), set[int]()
    for part in _parts(ast.parse(source)):
        lines = range(part.lineno, (part.end_lineno or part.lineno) + 1)
        about = {number for number in lines if _MENTION.search(written[number - 1])}
        is_text = isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant)
        found |= set(lines) if about and not is_text else about
    return {number for number in found if not written[number - 1].lstrip().startswith("#")}


def _parts(tree: ast.AST) -> Iterator[ast.stmt | ast.expr]:
    """Yield the simple statements, the decorators and the heads of blocks of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from node.decorator_list
        elif isinstance(node, ast.stmt) and hasattr(node, "body"):
            yield from (each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr))
        elif isinstance(node, ast.stmt) and not _is_docstring(node):
            yield node


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def count(example: Path) -> tuple[int, int]:
    """Return the lines of an example for two-factor authentication: of Python, of templates."""
    skipped = ("test_", "0")
    modules = [path for path in sorted(example.rglob("*.py")) if not path.name.startswith(skipped)]
    python = sum(len(lines_of(path.read_text(encoding="utf-8"))) for path in modules)
    pages = sum(
        bool(_MENTION.search(line))
        for path in sorted(example.rglob("*.html"))
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    return python, pages


def examples() -> list[Path]:
    """Return the folders of the examples."""
    return sorted(path.parent for path in EXAMPLES.glob("*/README.md"))


def table() -> str:
    """Return the table in Markdown."""
    rows = ["| example | lines of Python | lines of templates |", "| --- | --- | --- |"]
    for example in examples():
        title = (example / "README.md").read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        python, pages = count(example)
        rows.append(f"| [{title}]({example.name}/README.md) | {python} | {pages} |")
    rows.append(f"| Flask-Security-Too, its smallest integration | {PEER} | |")
    return "\n".join(rows)


PAGE = Page("../examples/README.md", "tools.example_lines", table)

if __name__ == "__main__":
    sys.exit(PAGE.main(__doc__))
