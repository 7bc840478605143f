"""The pages of the documentation, and the code blocks in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
# The application that the how-tos assume.
PRELUDE = ROOT / "docs" / "how-to" / "index.md"
# Pages about an application of another kind; tests/twofactor/extensions runs them.
OTHERS = {
    ROOT / "docs" / "how-to" / f"{name}.md"
    for name in (
        "apiflask",
        "flask-admin",
        "flask-security-models",
        "read-replicas",
        "server-side-sessions",
        "several-databases",
    )
}
_BLOCK = re.compile(r"^```([\w+-]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Args:
        line: the number of its first line of code.
    """

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(language: str, page: Path | None = None) -> list[Block]:
    """All blocks of a language, of one page or of all, in order."""
    found = []
    for path in PAGES if page is None else [page]:
        source = path.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(source):
            if match[1] == language:
                line = source.count("\n", 0, match.start()) + 2
                found.append(Block(path, line, language, match[2]))
    return found
