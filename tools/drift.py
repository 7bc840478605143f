"""A page of the documentation with a table that is made from the code."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
END = "<!-- end -->"


@dataclass(frozen=True)
class Page:
    """A page in `docs/`.

    Args:
        name: of the file.
        module: the tool that makes the table, such as `tools.refusals`.
        table: returns the current table.
    """

    name: str
    module: str
    table: Callable[[], str]

    @property
    def path(self) -> Path:
        """The file of the page."""
        return DOCS / self.name

    @property
    def text(self) -> str:
        """The page as it is."""
        return self.path.read_text(encoding="utf-8")

    def renewed(self, text: str) -> str:
        """Return the text of the page with the current table."""
        begin = f"<!-- made by: python -m {self.module} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(END)
        return f"{before}{begin}\n\n{self.table()}\n\n{END}{after}"

    def main(self, description: str | None) -> int:
        """Write the page, or check it with `--check`."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--check", action="store_true", help="fail when the page has drifted")
        return self.renew(check=parser.parse_args().check)

    def renew(self, *, check: bool) -> int:
        """Write the page; with `check`, return 1 instead if that would change it."""
        text = self.text
        wanted = self.renewed(text)
        if check and wanted != text:
            sys.stderr.write(f"docs/{self.name} has drifted: python -m {self.module}\n")
            return 1
        if not check:
            self.path.write_text(wanted, encoding="utf-8")
        return 0
