"""The small form of a run: the medians and ratios that docs/performance.md shows."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .budgets import Judged, of_a_worker
from .flat import FLAT
from .measures import BY_NAME, OURS
from .sides import PEERS

# Growth of these pages with the areas and devices that they list is no fault.
LISTED = {
    "areas": {"preferences", "enrolment", "journey"},
    "devices": {"preferences"},
}


def of(results: dict[str, Any]) -> dict[str, Any]:
    """Return the small form of the results of a run (build/bench.json)."""
    measured = [
        (database, part[database])
        for part in (results.get("in_process", {}), results.get("passkeys", {}))
        for database in part
    ]
    rows = [
        _row(name, database, sides)
        for database, part in measured
        for name, sides in part["found"].items()
    ]
    flat = {
        database: {
            case: {name: _rounded(sides["ours"]["ratio"]) for name, sides in measures.items()}
            for case, measures in _cases(results, database).items()
        }
        for database in ("sqlite", "postgresql")
    }
    judged = [each for _, part in measured for each in part["judged"]]
    judged += [asdict(each) for each in of_a_worker(results.get("imports", {}))]
    judged += [asdict(each) for each in _flat(flat)]
    profiles: dict[str, Any] = {}
    for database, part in measured:
        profiles.setdefault(database, {}).update(part["profiles"])
    worker = {side: dict(figures) for side, figures in results.get("imports", {}).items()}
    if "profile" in worker.get("ours", {}):
        profiles[""] = {"import": {"ours": worker["ours"].pop("profile")}}
    facts = ("date", "machine", "versions", "rounds", "times", "accounts", "events", "seconds")
    return {
        "run": {name: results[name] for name in facts if name in results},
        "rows": rows,
        "flat": flat,
        "workers": _workers(results.get("workers", {})),
        "worker": worker,
        "judged": [{**each, "value": _rounded(each["value"])} for each in judged],
        "profiles": profiles,
    }


def write(kept: dict[str, Any], path: Path) -> None:
    """Write it as JSON, with one line for each row, so that two runs are easily compared."""
    parts = []
    for name, value in kept.items():
        if isinstance(value, list):
            lines = ",\n  ".join(json.dumps(each) for each in value)
            parts.append(f" {json.dumps(name)}: [\n  {lines}\n ]")
        else:
            lines = ",\n  ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            parts.append(f" {json.dumps(name)}: {{\n  {lines}\n }}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """Return a run, from its small form or from build/bench.json."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found if "rows" in found else of(found)


def _row(name: str, database: str, sides: dict[str, dict[str, float]]) -> dict[str, Any]:
    ours = sides.get("ours") or sides.get("core") or {}
    row: dict[str, Any] = {
        "key": name,
        "database": database,
        "seconds": {own: _rounded(sides[own]["cpu"]) for own in OURS if own in sides},
        "counts": [round(ours.get(each, 0)) for each in ("statements", "commits", "calls")],
        "floor": {
            own: _rounded(sides[own]["to floor"])
            for own in OURS
            if "to floor" in sides.get(own, {})
        },
    }
    if BY_NAME[name].unit == "ms":
        row["peers"] = {
            peer: [_rounded(sides[peer][f"to {own}"]) for own in OURS if own in sides]
            for peer in PEERS
            if peer in sides
        }
    if ours.get("requests", 1) > 1:
        row["requests"] = round(ours["requests"])
    if "page" in ours:
        row["bytes"] = {key: round(ours[key]) for key in ("page", "qr")}
    return row


def _cases(results: dict[str, Any], database: str) -> dict[str, Any]:
    cases = {}
    if database in results.get("growth", {}):
        cases["accounts"] = results["growth"][database]
    more = results.get("more", {}).get(database, {})
    return {
        case: measures
        for case, measures in (cases | more).items()
        if all("ours" in sides for sides in measures.values())
    }


def _flat(flat: dict[str, Any]) -> list[Judged]:
    return [
        Judged(f"{case} {name}", database, "ours", ratio, FLAT, ratio <= FLAT)
        for database, cases in flat.items()
        for case, measures in cases.items()
        for name, ratio in measures.items()
        if name not in LISTED.get(case, ())
    ]


def _workers(found: dict[str, Any]) -> dict[str, Any]:
    return {
        database: {number: _rounded(figures["cpu"]) for number, figures in numbers.items()}
        for database, numbers in found.items()
    }


def _rounded(value: float) -> float:
    """Return four digits that count, which is more than can be told apart."""
    return float(f"{value:.4g}")
