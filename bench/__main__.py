"""`python -m bench`: measure, print a Markdown table and write build/bench.json."""

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from . import parts, report
from .running import as_json
from .sides import LABELS, ROOT, install, versions

DATABASES = ("sqlite", "postgresql")
PARTS = ("in_process", "gunicorn", "passkeys", "growth", "more", "workers", "imports")


def main() -> None:
    """Measure, and print missed budgets; they don't fail the run, as the machine may be busy."""
    given = _parser().parse_args()
    # Exit normally on SIGTERM, so that no server is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked = parts.Asked(
        sides=given.sides,
        databases=given.databases,
        rounds=given.rounds,
        times=given.times,
        accounts=given.accounts,
        events=given.events,
    )
    for side in asked.sides:
        install(side)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    results: dict[str, Any] = {
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
    print(report.markdown(results))
    for line in report.missed(results):
        print(f"budget missed: {line}", file=sys.stderr)


def _measure(part: str, asked: parts.Asked, names: list[str] | None) -> dict[str, Any]:
    match part:
        case "in_process":
            return parts.requests(asked, served=False, names=names)
        case "gunicorn":
            return parts.requests(asked, served=True, names=names)
        case "passkeys":
            return parts.passkeys(asked)
        case "growth":
            return parts.growth(asked)
        case "more":
            return parts.ours_with_more(asked)
        case "workers":
            return parts.workers(asked)
        case _:
            return parts.imports(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    add("--sides", nargs="+", choices=list(LABELS), default=list(LABELS))
    add("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    add("--measures", nargs="+", choices=parts.EVERY, help="of in_process and gunicorn")
    add("--rounds", type=int, default=7, help="interleaved; the medians of their ratios are shown")
    add("--times", type=int, default=10, help="samples of a usual measure in a round")
    add("--accounts", type=int, default=100_000, help="of the part growth, against 1,000")
    add("--events", type=int, default=1_000_000, help="of the part more")
    add("--json", type=Path, default=ROOT / "build" / "bench.json")
    return parser


if __name__ == "__main__":
    main()
