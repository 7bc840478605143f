"""The Markdown table of one run, or of several side by side."""

import os
import platform
from pathlib import Path
from typing import Any

from .flat import DEVICES, FEW_ACCOUNTS, FEW_AREAS, FEW_EVENTS, MANY_AREAS
from .kept import LISTED
from .measures import BY_NAME, Measure
from .sides import LABELS, PEERS

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "": ""}
_FLOORS = {
    "plain": "the route, GET",
    "plain_post": "the route, POST",
    "update": "the floor route",
}
# The measures of growth, which share a row.
SHORT = {
    "guard_whole": "guarded route",
    "deed_right": "right code",
    "deed_wrong": "wrong code",
    "right": "second step, right",
    "wrong": "second step, wrong",
    "enrolment": "enrolment",
    "preferences": "preferences",
    "journey": "journey",
}
Run = dict[str, Any]


def machine() -> dict[str, Any]:
    """Return the Python version, the processors and the load of the machine."""
    return {
        "python": platform.python_version(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    """Return what Linux calls the first processor, with the numbers that tell its generation."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    first = cpuinfo.read_text(encoding="utf-8").partition("\n\n")[0]
    fields = {
        key.strip(): value.strip()
        for key, _, value in (line.partition(":") for line in first.splitlines())
    }
    known = [fields.get("model name", platform.machine())]
    known += [f"{key} {fields[key]}" for key in ("cpu family", "model") if key in fields]
    return ", ".join(known)


def markdown(*runs: Run) -> str:
    """Return one table of all runs (`kept.of`), side by side.

    A row that only some of the runs have is shown as well.
    """
    names = [f"{run['run'].get('date', '')}" for run in runs]
    head = ["what", "database"]
    for name in names:
        head += [f"{name}: ours", "ratio"]
    head += ["beside " + ", ".join(LABELS[peer] for peer in PEERS), "statements, calls"]
    head += ["budget", "kept"]
    rows = [head, ["---", "---", *["--:", "--:"] * len(runs), "--:", "--:", "---", "---"]]
    rows += _request_rows(runs)
    rows += _flat_rows(runs)
    rows += _worker_rows(runs)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def missed(run: Run) -> list[str]:
    """Return the missed budgets, each with the top lines of its profile."""
    lines = []
    for each in run["judged"]:
        if each["kept"]:
            continue
        what = BY_NAME[each["key"]].label if each["key"] in BY_NAME else each["key"]
        where = where_of(each["database"], each["side"])
        named = ", ".join(filter(None, (what, where)))
        lines.append(f"{named}: {each['value']:.2f}, budget {each['limit']:g}")
        profile = run["profiles"].get(each["database"], {}).get(each["key"], {})
        if each["side"] in profile:
            lines += [f"    {line}" for line in profile_lines(profile[each["side"]])]
    return lines


def profile_lines(profile: dict[str, Any]) -> list[str]:
    """Return where the time of a measure goes, in three lines."""
    labels = {
        "libraries": "by library",
        "own": "own time",
        "cumulated": "with all that they call",
    }
    return [
        f"{label}: {', '.join(f'{name} {100 * share:.0f} %' for name, share in profile[key])}"
        for key, label in labels.items()
        if profile[key]
    ]


def where_of(database: str, side: str) -> str:
    """Return the database, and the host if it is the one without the ORM."""
    host = "without the ORM" if side == "core" else ""
    return " ".join(filter(None, (DATABASES[database], host)))


def _request_rows(runs: tuple[Run, ...]) -> list[list[str]]:
    by_run = [{(row["key"], row["database"]): row for row in run["rows"]} for run in runs]
    keys = {key: None for rows in by_run for key in rows}
    order = list(BY_NAME)
    found = []
    for key, database in sorted(keys, key=lambda pair: order.index(pair[0])):
        measure = BY_NAME[key]
        cells = [measure.label, DATABASES[database]]
        for rows in by_run:
            row = rows.get((key, database))
            cells += [_time(measure, row), ratio_of(measure, row)] if row else ["", ""]
        first = next(rows[key, database] for rows in by_run if (key, database) in rows)
        cells += [_peers(first), _counts(first), _budget(measure), _kept(runs, key, database)]
        found.append(cells)
    return found


def _time(measure: Measure, row: dict[str, Any]) -> str:
    """Return the time, in brackets without the ORM."""
    scale, unit, digits = (1e6, "µs", 0) if measure.unit == "us" else (1e3, "ms", 2)
    figures = [f"{value * scale:.{digits}f}" for value in row["seconds"].values()]
    return f"{_bracketed(figures)} {unit}"


def _bracketed(figures: list[str]) -> str:
    return figures[0] + (f" ({', '.join(figures[1:])})" if figures[1:] else "")


def ratio_of(measure: Measure, row: dict[str, Any]) -> str:
    """Return the ratio to the floor, or else to the best peer."""
    if row["floor"]:
        told = f"{_bracketed([f'{value:.2f}' for value in row['floor'].values()])} x"
        number = row.get("requests", 1)
        if number == 1:
            return told
        each = _bracketed([f"{value / number:.2f}" for value in row["floor"].values()])
        return f"{told}; each of {number} requests {each} x"
    if measure.budget and row.get("peers"):
        columns = zip(*row["peers"].values(), strict=True)
        return f"{_bracketed([f'{min(each):.2f}' for each in columns])} x"
    return ""


def _peers(row: dict[str, Any]) -> str:
    peers = row.get("peers", {})
    if not peers:
        return ""
    return ", ".join(f"{peers[peer][0]:.1f}" if peer in peers else "-" for peer in PEERS) + " x"


def _counts(row: dict[str, Any]) -> str:
    statements, commits, calls = row["counts"]
    committed = f" + {commits} COMMIT" if commits else ""
    return f"{statements}{committed}, {calls:,}"


def _budget(measure: Measure) -> str:
    budget = measure.budget
    if budget is None:
        return ""
    if measure.floor and budget.against == "floor":
        return f"at most {budget.limit:g} x {_FLOORS[measure.floor]}"
    return f"at least {budget.limit:g} x faster than the best"


def _kept(runs: tuple[Run, ...], *keys: str) -> str:
    """Return, for each run, whether the budget is kept; once if all runs agree."""
    said = []
    for run in runs:
        verdicts = {
            each["side"]: each["kept"]
            for each in run["judged"]
            if [each["key"], each["database"]] == list(keys)
        }
        if verdicts:
            said.append(_of_sides(verdicts))
    return _once(said)


def _once(said: list[str]) -> str:
    """Return what is said of each run, or once if it is the same of all."""
    return said[0] if len(set(said)) == 1 else " / ".join(said)


def _of_sides(verdicts: dict[str, bool]) -> str:
    if all(verdicts.values()):
        return "yes"
    if not any(verdicts.values()):
        return "**no**"
    yes = next(side for side, kept in verdicts.items() if kept)
    return f"**no**; {'with' if yes == 'ours' else 'without'} the ORM yes"


def _flat_rows(runs: tuple[Run, ...]) -> list[list[str]]:
    rows = []
    for case in ("accounts", "areas", "devices", "events"):
        for database in ("sqlite", "postgresql"):
            if not any(run["flat"].get(database, {}).get(case) for run in runs):
                continue
            cells = [_label(case, runs), DATABASES[database]]
            for run in runs:
                ratios = run["flat"].get(database, {}).get(case, {})
                shown = [f"{SHORT[name]} {ratio:.2f}" for name, ratio in ratios.items()]
                cells += ["", f"{', '.join(shown)} x" if shown else ""]
            rows.append([*cells, "", "", "at most 1.1 x", _kept_flat(runs, case, database)])
    for database in ("sqlite", "postgresql"):
        if any(database in run["workers"] for run in runs):
            cells = ["the guarded route, 1, 2, 4 gunicorn workers", DATABASES[database]]
            for run in runs:
                cells += _workers(run["workers"].get(database, {}))
            rows.append([*cells, "", "", "", ""])
    return rows


def _label(case: str, runs: tuple[Run, ...]) -> str:
    facts = next(run["run"] for run in runs)
    spans = {
        "accounts": (FEW_ACCOUNTS, facts["accounts"]),
        "areas": (FEW_AREAS, MANY_AREAS),
        "devices": (1, DEVICES),
        "events": (FEW_EVENTS, facts["events"]),
    }
    few, many = spans[case]
    return f"from {few:,} to {many:,} {case}"


def _kept_flat(runs: tuple[Run, ...], case: str, database: str) -> str:
    said = []
    for run in runs:
        grown = [
            SHORT[each["key"].partition(" ")[2]]
            for each in run["judged"]
            if each["key"].startswith(f"{case} ")
            and each["database"] == database
            and not each["kept"]
        ]
        said.append(f"**no**: {', '.join(grown)}" if grown else "yes")
    listed = [SHORT[name] for name in LISTED.get(case, ())]
    told = _once(said)
    return f"{told} (not judged: {', '.join(sorted(listed))})" if listed else told


def _workers(numbers: dict[str, float]) -> list[str]:
    if not numbers:
        return ["", ""]
    times = [f"{seconds * 1000:.2f}" for seconds in numbers.values()]
    first, *others = numbers.values()
    ratios = [f"{seconds / first:.2f}" for seconds in others]
    return [f"{', '.join(times)} ms", f"{', '.join(ratios)} x"]


def _worker_rows(runs: tuple[Run, ...]) -> list[list[str]]:
    rows = []
    for label, key, cell, budget in (
        ("import, after Flask, SQLAlchemy and Flask-Login", "import", _import, "40 ms"),
        ("modules of fido2 loaded, passkeys unused", "passkeys_unused", _unused, "none"),
        (
            "a worker's own memory after 20 journeys",
            "memory",
            _memory,
            "at most 8 MB above the host",
        ),
    ):
        cells = [label, ""]
        for run in runs:
            cells += cell(run["worker"])
        if any(cells[2:]):
            rows.append([*cells, "", "", budget, _kept(runs, key, "")])
    return rows


def _import(worker: dict[str, Any]) -> list[str]:
    ours = worker.get("ours", {})
    if "import" not in ours:
        return ["", ""]
    ratio = f"{ours['import'] / ours['host']:.2f} x what was loaded before"
    return [f"{ours['import'] * 1000:.1f} ms", ratio]


def _unused(worker: dict[str, Any]) -> list[str]:
    ours = worker.get("ours", {})
    if "passkey_modules" not in ours:
        return ["", ""]
    share = 100 * ours["passkey_share"]
    own = f"{ours['passkey_modules']} modules of ours, {share:.0f} % of the import"
    return [f"{ours['passkey_library']:.0f}", own]


def _memory(worker: dict[str, Any]) -> list[str]:
    ours, bare = (worker.get(side, {}).get("private") for side in ("ours", "bare"))
    if ours is None or bare is None:
        return ["", ""]
    return [f"{ours / 1e6:.1f} MB", f"{(ours - bare) / 1e6:.1f} MB above the host"]
