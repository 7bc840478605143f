"""Write the tables of docs/security.md, including the tests that prove each requirement.

A test proves a requirement if its docstring has the id. `python -m tools.security` writes the page,
`--check` fails if it is out of date, and `--results FILE` adds the outcomes of a JUnit report.
Without a report, a row keeps its outcome as long as it lists the same tests.
"""

import argparse
import ast
import math
import re
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from portal.account import password_attempts
from portal.rules import password_schedule
from portal.twofactor.core.throttle import (
    CODES,
    DAY,
    MOST_AUTHENTICATORS,
    Figures,
    Schedule,
    codes,
    counted,
    held_until,
)

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- made by: make security -->", "<!-- end -->"
_ID = re.compile(r"\b(?:[CAF]|WA?)-\d{2,3}\b")

# The reason for each requirement that no test can prove or that does not apply.
REASONS = {
    "C-04": "SHA-256 and SHA-512 are not offered: authenticator apps ignore them.",
    "C-09": "There is no drift learning.",
    "C-76": "An account gets its address from the operator (`flask user create`), never by itself.",
    "C-89": "Ways to sign in: the sign-in page alone; see C-87, C-88, A-31.",
    "C-132": "Documentation: this page and the operations guide.",
    "A-74": "There is no registration: an address is given by the operator.",
}


def requirements() -> list[tuple[str, str, str]]:
    """Return the id, priority and text of every requirement."""
    lines = (ROOT / "docs" / "requirements.tsv").read_text(encoding="utf-8").splitlines()
    return [(row[0], row[1], row[2]) for row in (line.split("\t") for line in lines)]


def _named(node: ast.AST, path: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if not child.name.lower().startswith("test"):
            continue
        name = f"{prefix}{child.name}"
        for found in _ID.findall(ast.get_docstring(child) or ""):
            yield found, f"{path}::{name}"
        if isinstance(child, ast.ClassDef):
            yield from _named(child, path, f"{name}::")


def proofs() -> dict[str, list[str]]:
    """Return the tests whose docstrings have an id, by id."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for named, test in _named(tree, path.relative_to(ROOT / "tests").as_posix()):
            if test not in found[named]:
                found[named].append(test)
    return found


def outcomes(report: Path) -> dict[str, bool]:
    """Return whether all cases of a test passed, by `file::name`, from a JUnit report."""
    passed: dict[str, bool] = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - our own report
        parts = case.get("classname", "").split(".")
        split = next((n for n, part in enumerate(parts) if part.startswith("test_")), 0)
        path = "/".join(parts[1 : split + 1]) + ".py"
        name = "::".join([*parts[split + 1 :], case.get("name", "").split("[")[0]])
        good = not any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
        key = f"{path}::{name}"
        passed[key] = passed.get(key, True) and good
        if parts[split + 1 :]:
            group = f"{path}::{parts[split + 1]}"
            passed[group] = passed.get(group, True) and good
    return passed


def guesses_a_year(schedule: Schedule = CODES) -> int:
    """Return the wrong codes that the schedule allows a nonstop attacker in 365 days, while the
    owner's correct codes clear every run.
    """
    figures, now, guesses = Figures(), 0.0, 0
    while now < 365 * DAY:
        figures = Figures(0, figures.recent)
        until = held_until(schedule, figures, now)
        if until is None:
            figures, guesses = counted(CODES, figures, now), guesses + 1
        else:
            now = until
    return guesses


def probability() -> list[str]:
    """Return the lines with the yearly probability of a successful guess and its arithmetic."""
    guesses = guesses_a_year()
    rows = [
        "| codes valid at once | guesses a year | probability of one success a year |",
        "| --- | --- | --- |",
    ]
    for window, valid in ((1, 3), (0, 1)):
        chance = 1 - (1 - valid / 1_000_000) ** guesses
        rows.append(f"| {valid} (`TWOFACTOR_WINDOW={window}`) | {guesses} | {chance:.3%} |")
    for phones in range(2, MOST_AUTHENTICATORS + 1):
        shared, valid = guesses_a_year(codes(phones)), 3 * phones
        chance = 1 - (1 - valid / 1_000_000) ** shared
        rows.append(f"| {valid} ({phones} authenticators) | {shared} | {chance:.3%} |")
    return [
        "The schedule in `core/throttle.py`, run with a guesser who never sleeps and an owner",
        f"whose successes clear every run, lets at most {guesses} wrong codes be judged in",
        "365 days. With `s` codes valid at once (RFC 4226 section 6):",
        "`P = 1 - (1 - s / 1 000 000) ^ guesses`:",
        "",
        *rows,
        "",
        "Several authenticators of one user share the monthly budget, so that more codes that are",
        "right at once do not help a guesser.",
        "",
        "If the owner enters no right code meanwhile, the lock after 100 in a row ends it sooner:",
        f"`1 - (1 - 3 / 1 000 000) ^ 100` = {1 - (1 - 3e-6) ** 100:.3%}.",
    ]


# The guesses of zxcvbn's score 3, the minimum for a new password.
SCORE_3 = 10**8


def passwords_a_year(clears_a_day: int) -> int:
    """Return the wrong passwords that the portal allows a nonstop attacker in 365 days.

    Args:
        clears_a_day: the owner's sign-ins per day in browsers that are not known yet; each of them
            clears the run. Known browsers have counts of their own.
    """
    attempts, now, guesses = password_schedule.NO_ATTEMPTS, 0.0, 0
    pause = DAY / clears_a_day if clears_a_day else math.inf
    cleared = pause
    while now < 365 * DAY:
        until = password_attempts.SCHEDULE.held_until(attempts, now)
        if until is None:
            attempts, guesses = password_schedule.counted(attempts, now), guesses + 1
            continue
        now = until
        while now >= cleared:
            attempts, now, cleared = password_schedule.NO_ATTEMPTS, cleared, cleared + pause
    return guesses


def password_guesses() -> list[str]:
    """Return the lines with the guesses at a password per year, and their share of SCORE_3."""
    rows = [
        "| the owner signs in on a new browser | guesses a year | of the 100,000,000 |",
        "| --- | --- | --- |",
    ]
    for words, clears in (("never", 0), ("once a day", 1), ("ten times a day", 10)):
        guesses = passwords_a_year(clears)
        rows.append(f"| {words} | {guesses:,} | {guesses / SCORE_3:.3%} |")
    schedule = password_attempts.SCHEDULE
    return [
        "The schedule in `portal/account/password_attempts.py` counts for the whole account,",
        f"over all pages, addresses and workers: {schedule.free} wrong passwords in a row are",
        f"free, then each waits, {schedule.first_wait} seconds at first and",
        f"{schedule.longest_wait // 60}",
        "minutes in the end. Run with a guesser who never sleeps, for 365 days. New passwords",
        "must reach score 3 of zxcvbn: a guesser who knows people's habits needs at",
        "least 100,000,000 of them:",
        "",
        *rows,
        "",
        "A browser that the customer signed in with before has figures of its own: one that lacks",
        "its cookie neither keeps the owner out there nor gets more guesses.",
    ]


def table(results: dict[str, bool] | None, before: str) -> list[str]:
    """Return a row for each requirement; without results, keep the outcomes of the old page."""
    tests = proofs()
    made = [row for row in before.splitlines() if row.startswith(("| C-", "| A-", "| F-", "| W"))]
    kept = dict(row.removesuffix(" |").rsplit(" | ", 1) for row in made)
    rows = ["| id | | requirement | shown by | result |", "| --- | --- | --- | --- | --- |"]
    for named, priority, words in requirements():
        shown = tests.get(named, [])
        text = "<br>".join(f"`{test}`" for test in shown) or REASONS.get(named, "-")
        result = "-"
        if shown and results is not None:
            result = "passed" if all(results.get(test, False) for test in shown) else "FAILED"
        row = f"| {named} | {priority} | {words.replace('|', '/')} | {text}"
        if shown and results is None:
            result = kept.get(row, "not yet run")
        rows.append(f"{row} | {result} |")
    return rows


def lacking() -> list[str]:
    """Return the requirements of priority M with neither a test nor a reason."""
    tests = proofs()
    return [
        named
        for named, priority, _ in requirements()
        if priority == "M" and not {named} & (tests.keys() | REASONS.keys())
    ]


def page(old: str, results: dict[str, bool] | None) -> str:
    """Return the page with its generated parts renewed."""
    parts = [probability(), password_guesses(), table(results, old)]
    pieces = re.split(f"({re.escape(BEGIN)}.*?{re.escape(END)})", old, flags=re.DOTALL)
    made = iter(parts)
    return "".join(
        "\n".join([BEGIN, "", *next(made), "", END]) if piece.startswith(BEGIN) else piece
        for piece in pieces
    )


def main() -> int:
    """Write the page, or check it with `--check`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    old = PAGE.read_text(encoding="utf-8")
    new = page(old, outcomes(options.results) if options.results else None)
    if options.check:
        return int(old != new)
    PAGE.write_text(new, encoding="utf-8")
    missing = lacking()
    if missing:
        print(f"without a test: {', '.join(missing)}", file=sys.stderr)
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
