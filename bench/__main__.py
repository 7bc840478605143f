"""`python -m bench`: measure, print a Markdown table and write build/bench.json.

The table has what docs/performance.md shows. `--compare A.json B.json` prints that of two runs side
by side instead.
"""

import argparse
import json
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import flat, kept, own, parts, report
from .running import as_json
from .sides import LABELS, ROOT, install, versions

DATABASES = ("sqlite", "postgresql")
PARTS = ("in_process", "passkeys", "growth", "more", "workers", "imports", "gunicorn")
# The table has no figures through gunicorn but those of several workers.
USUAL = PARTS[:-1]
QUICK = {"rounds": 1, "times": 2, "accounts": 2000, "events": 10_000}
LARGE = {"accounts": 1_000_000, "events": 10_000_000}


def main() -> None:
    """Measure, and print missed budgets; they don't fail the run, as the machine may be busy."""
    given = _parser().parse_args()
    if given.compare:
        print(report.markdown(*map(kept.read, given.compare)))
        return
    # Exit normally on SIGTERM, so that no server is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = (QUICK if given.quick else {}) | (LARGE if given.large else {})
    asked = parts.Asked(
        sides=given.sides,
        databases=given.databases,
        **{name: chosen.get(name, getattr(given, name)) for name in QUICK},
    )
    for side in asked.sides:
        install(side)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    results: dict[str, Any] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "machine": report.machine(),
        "versions": {side: versions(side) for side in asked.sides},
        "rounds": asked.rounds,
        "times": asked.times,
        "accounts": asked.accounts,
        "events": asked.events,
    }
    for part in PARTS:
        if part in given.parts:
            results[part] = as_json(_measure(part, asked, given.measures))
            results["seconds"] = round(time.monotonic() - begun)
            # Written after each part, so that an interrupted run keeps its results.
            given.json.write_text(json.dumps(results, indent=1) + "\n")
    run = kept.of(results)
    print(report.markdown(run))
    for line in report.missed(run):
        print(line if line.startswith(" ") else f"budget missed: {line}", file=sys.stderr)


def _measure(part: str, asked: parts.Asked, names: list[str] | None) -> dict[str, Any]:
    match part:
        case "in_process":
            return parts.requests(asked, names=names)
        case "gunicorn":
            return parts.requests(asked, served=True, names=names)
        case "passkeys":
            return parts.passkeys(asked)
        case "growth":
            return flat.growth(asked)
        case "more":
            return flat.ours_with_more(asked)
        case "workers":
            return flat.workers(asked)
        case _:
            return own.imports(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=list(USUAL))
    add("--sides", nargs="+", choices=list(LABELS), default=list(LABELS))
    add("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    add("--measures", nargs="+", choices=parts.EVERY, help="of in_process and gunicorn")
    add("--rounds", type=int, default=7, help="interleaved; the medians of their ratios are shown")
    add("--times", type=int, default=6, help="samples of a usual measure in a round")
    add("--accounts", type=int, default=100_000, help="of the part growth, against 1,000")
    add("--events", type=int, default=1_000_000, help="of the part more")
    add("--quick", action="store_true", help="see that everything runs; the figures say little")
    add("--large", action="store_true", help="1,000,000 accounts and 10,000,000 events")
    add("--json", type=Path, default=ROOT / "build" / "bench.json")
    add("--compare", nargs="+", type=Path, metavar="JSON", help="print runs side by side")
    return parser


if __name__ == "__main__":
    main()
