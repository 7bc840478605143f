"""Write the figures of docs/performance.md from the JSON files in docs/performance/.

`python -m tools.performance` writes the page; `--check` fails if it is out of date. `--keep A.json
B.json` first puts runs of `make bench` (build/bench.json) in the place of those that were kept, and
`--pages build/pages.json` the pages that `make lighthouse ARGS=--all` looked at.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench import kept, report
from bench.measures import BY_NAME
from bench.report import Run
from tools.drift import DOCS, Page

FOLDER = DOCS / "performance"
PAGES = FOLDER / "pages.json"
# Why a budget may be missed, and the line that could be kept; only missed ones are printed.
BETTER = {
    "guard_other": "One SELECT by primary key, and a look at the session; the driver and SQLAlchemy"
    " take most of it. Better: 0.2 x on SQLite, and 0.3 x on PostgreSQL, whose driver does more in"
    " Python.",
    "deed_right": "Throttle, secret, used step and record are one transaction more than the route"
    " has. Better: 1.5 x.",
    "right": "The request also starts the session and remembers the browser. Better: 2.2 x.",
    "deed_wrong": "The answer is a whole page that keeps what people typed, where the floor route"
    " answers with a redirect. Better: 1.25 x the floor route for the judging, and the page apart,"
    " at most 2.5 x the plain route.",
    "wrong": "As above: the page that asks again is what costs. Better: 1.75 x.",
    "enrolment": "Three requests, with the choice of areas, the password and the recovery code;"
    " the best peer has one page. A third is the QR code's library; of three others, one is slower,"
    " one is no longer kept, and one brings 2 MB of machine code. Better: 1.6 x.",
    "preferences": "The page lists areas, devices, browsers and what happened; it is long, and the"
    " plain route has no page at all. Better: 4.5 x.",
    "journey": "Our pages say more, and half of the time is the host's. Better: 1.6 x.",
    "passkey_deed": "It is two requests, each with its own session, user, CSRF token and COMMIT, so"
    " 2 x is the least. Better: 1.65 x for each of them.",
    "import": "Many small modules, and cryptography; the time depends on the machine. Two fifths"
    " are the methods that Python makes for 74 frozen dataclasses; code of our own in their place"
    " took 37 % less and was left, since it happens once a worker. Better: at most 0.4 x what"
    " Flask, SQLAlchemy and Flask-Login take, and less than Flask-Security-Too.",
    "passkeys_unused": "A module of fido2 is loaded where no passkey is used; that is a fault.",
    "memory": "Code, templates and statements, each once a worker; those of the import are shared"
    " by workers that load the application before they fork. Better: 13 MB.",
    "accounts": "Every statement reads by an index; look at the plans (`make scale`).",
    "areas": "More areas are offered and checked at each choice.",
    "devices": "Each device is a row that is read, and a code is compared with the secret of each"
    " app, the right one too, so that the time tells nothing. Better: 1.6 x for 15 devices.",
    "events": "Until 2026-11-30 13:23 the bench had 10 events as few, and all of them were codes:"
    " PostgreSQL expected no change among ten million codes, and read the whole table for the"
    " latest. Since then a fifth are changes, few are 100, and each list is read by an index.",
}


def runs() -> list[Run]:
    """Return the kept runs, the oldest first."""
    return [kept.read(path) for path in sorted(FOLDER.glob("run-*.json"))]


def keep(paths: list[Path]) -> None:
    """Put runs in the place of those that were kept."""
    fresh = [kept.read(path) for path in paths]
    for path in FOLDER.glob("run-*.json"):
        path.unlink()
    for run in fresh:
        stamp = run["run"]["date"].replace(" ", "-").replace(":", "")
        kept.write(run, FOLDER / f"run-{stamp}.json")


def table() -> str:
    """Return the figures: the runs side by side, what is missed, and the pages."""
    shown = runs()
    parts = [
        "\n".join(map(_facts, shown)),
        report.markdown(*shown),
        "### Not kept, and why",
        _missed(shown),
        "### Pages on a slow phone",
        _pages(json.loads(PAGES.read_text(encoding="utf-8"))),
    ]
    return "\n\n".join(parts)


def _facts(run: Run) -> str:
    facts = run["run"]
    versions = {
        name: number for side in facts["versions"].values() for name, number in side.items()
    }
    machine = facts["machine"]
    processors = f"{machine['processors']} processors"
    if "processor" in machine:
        processors += f" ({machine['processor']})"
    return (
        f"- **{facts['date']}** (UTC): {facts['rounds']} rounds of {facts['times']}, with"
        f" {facts['accounts']:,} accounts and {facts['events']:,} events,"
        f" {facts['seconds'] / 60:.0f} minutes, {processors} on which one bcrypt of cost 12 takes"
        f" {_bcrypt(run):.0f} ms, load {machine['load'][0]} at the start; Python"
        f" {machine['python']},"
        f" {', '.join(f'{name} {number}' for name, number in versions.items())}."
    )


def _bcrypt(run: Run) -> float:
    """Return the milliseconds of one bcrypt, by which machines can be compared."""
    [first, *_] = (row for row in run["rows"] if row["key"] == "bcrypt12")
    return float(1000 * next(iter(first["seconds"].values())))


def _missed(shown: list[Run]) -> str:
    lines = []
    for key, reason in BETTER.items():
        values = [
            f"{report.where_of(each['database'], each['side'])}{_which(each)} {each['value']:.2f}"
            for run in shown
            for each in run["judged"]
            if not each["kept"] and key in (each["key"], each["key"].partition(" ")[0])
        ]
        if not values:
            continue
        label = BY_NAME[key].label if key in BY_NAME else _OTHERS[key]
        lines.append(f"- **{label}**: {'; '.join(values).strip()}. {reason}")
        lines += [f"  - {line}" for line in _where(key, shown)]
    return "\n".join(lines) or "Every budget is kept."


def _which(judged: dict[str, Any]) -> str:
    """Return the measure of a growth, since a row has several."""
    measure = judged["key"].partition(" ")[2]
    return f", {report.SHORT[measure]}" if measure else ""


_OTHERS = {
    "import": "import, in ms",
    "passkeys_unused": "modules of fido2, passkeys unused",
    "memory": "a worker's own memory, in MB above the host",
    "accounts": "more accounts",
    "areas": "more areas",
    "devices": "more devices",
    "events": "more events",
}


def _where(key: str, shown: list[Run]) -> list[str]:
    """Return the lines of the first profile of a measure."""
    for run in shown:
        for database, measures in run["profiles"].items():
            for side, profile in measures.get(key, {}).items():
                where = report.where_of(database, side)
                lines = report.profile_lines(profile)
                return [", ".join(filter(None, (where, line))) for line in lines]
    return []


def _pages(pages: list[dict[str, Any]]) -> str:
    """Return the table of the pages, and the weights of all scripts and style sheets."""
    times = list(pages[0]["milliseconds"])
    head = ["page", *(f"{name}, ms" for name in times), "scripts", "styles"]
    rows = [head, ["---", *["--:"] * (len(head) - 1)]]
    files: dict[str, tuple[int, int]] = {}
    for page in pages:
        cells = [page["name"], *(str(page["milliseconds"][name]) for name in times)]
        for kind in ("scripts", "styles"):
            files |= page[kind]
            cells.append(_kilobytes(*map(sum, zip((0, 0), *page[kind].values(), strict=True))))
        rows.append(cells)
    weights = [["file", "plain, with gzip"], ["---", "--:"]]
    weights += [[f"`{name}`", _kilobytes(*sizes)] for name, sizes in sorted(files.items())]
    return f"{_markdown(rows)}\n\nEach script and style sheet:\n\n{_markdown(weights)}"


def _markdown(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _kilobytes(plain: int, zipped: int) -> str:
    return f"{plain / 1000:.1f}, {zipped / 1000:.1f} kB"


PAGE = Page("performance.md", "tools.performance", table)


def main() -> int:
    """Keep what is given, and write the page, or check it with `--check`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the page has drifted")
    parser.add_argument("--keep", nargs="+", type=Path, metavar="JSON", help="runs of `make bench`")
    parser.add_argument(
        "--pages", type=Path, metavar="JSON", help="of `make lighthouse ARGS=--all`"
    )
    given = parser.parse_args()
    if given.keep:
        keep(given.keep)
    if given.pages:
        PAGES.write_bytes(given.pages.read_bytes())
    return PAGE.renew(check=given.check)


if __name__ == "__main__":
    sys.exit(main())
