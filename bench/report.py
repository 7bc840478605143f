"""The Markdown table of the results."""

import os
import platform
from typing import Any

from .measures import BY_NAME, OURS, Found, Measure
from .sides import LABELS, PEERS

_HEAD = ["where", "what", "ours", "ours without the ORM", "statements", "calls"]
_HEAD += [LABELS[peer] for peer in PEERS]
_HEAD += ["floor", "budget", "kept"]
_MEMORY = "10 MB above the host"
_HOSTS = {"ours": "with the ORM", "core": "without the ORM"}


def machine() -> dict[str, Any]:
    """Return the Python version, the number of processors and the load of the machine."""
    return {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def markdown(results: dict[str, Any]) -> str:
    """Return the table of all results."""
    rows = [_HEAD, ["---", "---", *["--:"] * 8, "---", "---"]]
    wheres = {"in_process": "in process", "gunicorn": "gunicorn", "passkeys": "by passkey"}
    for part, where in wheres.items():
        for database, found in results.get(part, {}).items():
            for name, sides in found.items():
                rows.append(_row(f"{where}, {database}", BY_NAME[name], sides, database))
                rows += (
                    _enrolment_rows(f"{where}, {database}", sides) if name == "enrolment" else []
                )
    for database, found in results.get("growth", {}).items():
        rows += _growth_rows(f"{results['accounts']:,} accounts, {database}", found)
    for database, found in results.get("more", {}).items():
        rows += _more_rows(database, results["events"], found)
    for database, found in results.get("workers", {}).items():
        for number, figures in found.items():
            cells = ["guard, area not chosen, whole request", f"{_ms(figures['cpu'])} CPU"]
            rows.append(_plain(f"{number} workers, {database}", *cells))
    if "imports" in results:
        rows += _import_rows(results["imports"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def missed(results: dict[str, Any]) -> list[str]:
    """Return the rows whose budget is missed."""
    lines = markdown(results).splitlines()[2:]
    return [line for line in lines if line.rstrip(" |").rpartition("| ")[2].startswith("**no**")]


def _plain(where: str, what: str, ours: str, *rest: str) -> list[str]:
    row = [where, what, ours, *rest]
    return row + [""] * (len(_HEAD) - len(row))


def _row(where: str, measure: Measure, found: Found, database: str) -> list[str]:
    ours, core = found.get("ours"), found.get("core")
    floor = found.get("bare") or found.get("update bare")
    return [
        where,
        measure.label,
        _time(measure, ours) if ours else "",
        _time(measure, core) if core else "",
        _statements(ours),
        f"{ours['calls']:.0f}" if ours else "",
        *(_against(measure, found.get(peer), ours) for peer in PEERS),
        _against(measure, floor, ours),
        measure.budget,
        _kept_by(measure, found, database),
    ]


def _kept_by(measure: Measure, found: Found, database: str) -> str:
    """Return in words whether our sides keep the budget, or which of them does."""
    present = [own for own in OURS if own in found]
    if measure.met is None or not present:
        return ""
    keeping = [own for own in present if measure.met(found, database, own)]
    if keeping and keeping != present:
        return f"{_kept(False)}; {_HOSTS[keeping[0]]} yes"
    return _kept(bool(keeping))


def _time(measure: Measure, figures: dict[str, float]) -> str:
    if measure.unit == "us":
        return f"{figures['cpu'] * 1e6:.0f} µs"
    return _ms(figures["cpu"])


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def _statements(figures: dict[str, float] | None) -> str:
    if figures is None:
        return ""
    commits = f" + {figures['commits']:.0f} COMMIT" if figures.get("commits") else ""
    return f"{figures['statements']:.0f}{commits}"


def _against(
    measure: Measure, figures: dict[str, float] | None, ours: dict[str, float] | None
) -> str:
    if figures is None:
        return ""
    time = _time(measure, figures)
    # A ratio of two differences means nothing.
    if not ours or measure.unit != "ms":
        return time
    ratios = [f"{figures[f'to {own}']:.1f}" for own in OURS if f"to {own}" in figures]
    return f"{time} ({', '.join(ratios)} x)"


def _kept(kept: bool) -> str:
    return "yes" if kept else "**no**"


def _enrolment_rows(where: str, found: Found) -> list[list[str]]:
    rows = []
    for key, label in (("page_cpu", "of it the page itself"), ("page", "page"), ("qr", "QR code")):
        cells = []
        for side in (*OURS, *PEERS):
            value = found.get(side, {}).get(key)
            if value is None:
                cells.append("")
            else:
                cells.append(_ms(value) if key == "page_cpu" else f"{value / 1000:.1f} kB")
        rows.append(_plain(where, f"enrolment, {label}", *cells[:2], "", "", *cells[2:]))
    return rows


def _growth_rows(where: str, found: dict[str, Any]) -> list[list[str]]:
    """Return the rows that compare many accounts with 1,000."""
    rows = []
    for name, sides in found.items():
        measure = BY_NAME[name]
        cells = [_grown(measure, sides.get(side)) for side in ("ours", *PEERS)]
        flat = _flat(measure, sides["ours"]) if "ours" in sides else True
        row = _plain(where, measure.label, cells[0], "", "", "", *cells[1:])
        rows.append([*row[:-2], "no slower than with 1,000", _kept(flat)])
    return rows


def _flat(measure: Measure, figures: dict[str, float]) -> bool:
    """Return whether the growth is noise: at most a tenth, or 20 µs for a difference."""
    if measure.unit == "us":
        return figures["added"] <= 20e-6
    return figures["ratio"] <= 1.1


def _grown(measure: Measure, figures: dict[str, float] | None) -> str:
    if figures is None:
        return ""
    if measure.unit == "us":
        return f"{figures['few'] * 1e6:.0f} to {figures['many'] * 1e6:.0f} µs"
    return (
        f"{figures['few'] * 1e3:.2f} to {figures['many'] * 1e3:.2f} ms ({figures['ratio']:.2f} x)"
    )


def _more_rows(database: str, events: int, found: dict[str, Any]) -> list[list[str]]:
    labels = {"areas": "50 areas more", "events": f"{events:,} events"}
    return [
        _plain(f"{labels[side]}, {database}", BY_NAME[name].label, _grown(BY_NAME[name], figures))
        for name, sides in found.items()
        for side, figures in sides.items()
    ]


def _import_rows(found: dict[str, dict[str, float]]) -> list[list[str]]:
    def cell(side: str, key: str) -> str:
        value = found.get(side, {}).get(key)
        if value is None:
            return ""
        return _ms(value) if key == "import" else f"{value / 1e6:.0f} MB"

    rows = []
    texts = {
        "import": ("import after Flask, SQLAlchemy, Flask-Login", "40 ms"),
        "private": ("memory of its own of a gunicorn worker after 20 journeys", _MEMORY),
        "memory": ("the same with what workers share: the code of libraries", ""),
    }
    for key, (label, budget) in texts.items():
        cells = [cell(side, key) for side in ("ours", *PEERS, "bare")]
        row = _plain("worker", label, cells[0], "", "", "", *cells[1:])
        kept = _kept(_within(found, key)) if cells[0] and budget else ""
        rows.append([*row[:-2], budget, kept])
    return rows


def _within(found: dict[str, dict[str, float]], key: str) -> bool:
    if key == "import":
        return found["ours"]["import"] <= 0.040
    if "bare" not in found:
        return False
    return found["ours"][key] - found["bare"][key] <= 10e6
