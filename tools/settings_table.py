"""Write the table of docs/settings.md from `portal/twofactor/core/settings.py`.

`python -m tools.settings_table` writes the page; `--check` fails if the page is out of date.
"""

import argparse
import sys
from pathlib import Path

from portal.twofactor.core.settings import SETTINGS, Setting

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
BEGIN, END = "<!-- made by: python -m tools.settings_table -->", "<!-- end -->"


def _default(setting: Setting) -> str:
    return "" if setting.default is None else f"`{setting.default!r}`"


def _values(setting: Setting) -> str:
    if setting.lowest is None:
        return "text"
    return f"{setting.lowest} to {setting.highest}"


def table() -> str:
    """Return the table, with one row for each setting."""
    rows = ["| setting | default | values | meaning |", "| --- | --- | --- | --- |"]
    for name, setting in SETTINGS.items():
        meaning = setting.meaning.replace("|", r"\|")
        rows.append(f"| `{name}` | {_default(setting)} | {_values(setting)} | {meaning} |")
    return "\n".join(rows)


def page(text: str) -> str:
    """Return the page with the current table."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def main() -> int:
    """Write the page, or check it with `--check`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the page has drifted")
    check = parser.parse_args().check
    text = PAGE.read_text(encoding="utf-8")
    wanted = page(text)
    if check and wanted != text:
        sys.stderr.write("docs/settings.md has drifted: python -m tools.settings_table\n")
        return 1
    if not check:
        PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
