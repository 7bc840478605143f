"""Write the table of signals of docs/api.md from `portal/twofactor/signals.py`.

`python -m tools.signals_table` writes the page; `--check` fails if the page is out of date.
"""

import sys
from typing import Any, Literal, get_args, get_origin, get_type_hints

from portal.twofactor import signals
from tools.drift import Page

# Every signal has the first; the others are described below the table.
_EVERYWHERE = signals.Facts.__annotations__.keys() | signals.UndoFacts.__annotations__.keys()


def _fact(name: str, fact: Any, kind: type) -> str:
    while not hasattr(fact, "__metadata__"):
        fact = get_args(fact)[0]  # within NotRequired
    told = fact.__metadata__[0]
    if get_origin(fact.__origin__) is Literal:
        values = [f'`"{value}"`' for value in get_args(fact.__origin__)]
        told += f" ({', '.join(values[:-1])} or {values[-1]})"
    optional = "" if name in getattr(kind, "__required_keys__") else " (optional)"  # noqa: B009 - a type checker knows no such attribute of a class
    return f"`{name}`{optional}: {told}"


def _can_be_undone(kind: type) -> bool:
    """Return whether a change of this kind can be undone; a TypedDict knows no `issubclass`."""
    return "undo" in get_type_hints(kind)


def table() -> str:
    """Return the table, with one row for each signal."""
    rows = ["| signal | sent when | facts | type |", "| --- | --- | --- | --- |"]
    for name, kind in signals.FACTS.items():
        hints = get_type_hints(kind, include_extras=True)
        facts = [_fact(each, hints[each], kind) for each in hints if each not in _EVERYWHERE]
        if _can_be_undone(kind):
            facts.append("`undo`, `undo_url`")
        told = (kind.__doc__ or "").partition("\n")[0]
        rows.append(f"| `{name}` | {told} | {'; '.join(facts)} | `{kind.__name__}` |")
    return "\n".join(rows)


PAGE = Page("api.md", "tools.signals_table", table)

if __name__ == "__main__":
    sys.exit(PAGE.main(__doc__))
