"""Write the table of docs/portal-settings.md from `portal/settings.py`.

`python -m tools.portal_settings` writes the page; `--check` fails if the page is out of date.
"""

import sys

from portal.settings import SETTINGS, Setting
from tools.drift import Page


def _default(setting: Setting) -> str:
    if setting.default is None:
        return setting.unset
    if isinstance(setting.default, bool):
        return f"`{str(setting.default).lower()}`"
    return f"`{setting.default}`"


def _allowed(setting: Setting) -> str:
    if setting.numbers is not None:
        return "{} to {}".format(*setting.numbers)
    if setting.is_switch:
        return "`true` or `false`"
    return ", ".join(f"`{word}`" for word in setting.words) or setting.form


def table() -> str:
    """Return the table, with one row for each setting."""
    rows = ["| setting | default | allowed | meaning |", "| --- | --- | --- | --- |"]
    for name, setting in SETTINGS.items():
        cells = (f"`PORTAL_{name}`", _default(setting), _allowed(setting), setting.meaning)
        rows.append("| {} | {} | {} | {} |".format(*cells))
    return "\n".join(rows)


PAGE = Page("portal-settings.md", "tools.portal_settings", table)

if __name__ == "__main__":
    sys.exit(PAGE.main(__doc__))
