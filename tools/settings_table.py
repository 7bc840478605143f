"""Write the table of docs/settings.md from `portal/twofactor/core/settings.py`.

`python -m tools.settings_table` writes the page; `--check` fails if the page is out of date.
"""

import sys

from portal.twofactor.core.settings import SETTINGS, Setting
from tools.drift import Page


def _default(setting: Setting) -> str:
    return "" if setting.default is None else f"`{setting.default!r}`"


def _values(setting: Setting) -> str:
    if isinstance(setting.default, bool):
        return "yes or no"
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


PAGE = Page("settings.md", "tools.settings_table", table)

if __name__ == "__main__":
    sys.exit(PAGE.main(__doc__))
