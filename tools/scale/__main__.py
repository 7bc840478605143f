"""Measure requests with many accounts: statements, milliseconds, plans, commands, and under load.

Run with `make scale`; `ARGS="--accounts 10000"` loads fewer accounts, `--engine mariadb` measures
MariaDB. The tool starts its own server, fills one database with 1,000 accounts and one with many,
sends the same requests to both and prints tables for docs/operations.md. It fails if a plan scans
a whole table of the blueprint.
"""

import argparse

from .engines import ENGINES
from .portal_database import Database
from .under_load import under_load

FEW = 1_000


def main() -> None:
    """Load the databases, measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=ENGINES, default="postgresql")
    parser.add_argument("--commands", action="store_true", help="listings and figures, too")
    parser.add_argument("--load", type=int, default=60, help="seconds of each part under load")
    options = parser.parse_args()
    engine = ENGINES[options.engine]
    server = engine.start()
    try:
        few = Database(engine, server, FEW)
        many = Database(engine, server, options.accounts)
        # Alternate, so that other load on the machine affects both equally.
        for _round in zip(few.rounds(), many.rounds(), strict=True):
            pass
        plans = table(few, many)
        if options.commands:
            commands(few, many)
        if options.load:
            under_load(many, options.load)
        few.close()
        many.close()
    finally:
        server.stop()
    wrong = [path for paths in plans.values() for path in paths if path.startswith("Seq Scan")]
    if wrong:
        raise SystemExit(f"a whole table is read: {plans}")


def table(few: Database, many: Database) -> dict[str, list[str]]:
    """Print the cost of requests, the plans and the size of rows; return the plans."""
    print(f"{many.engine.name}\n")
    print(f"| request | {few.accounts:,} accounts | {many.accounts:,} accounts |")
    print("| --- | --- | --- |")
    for name, cost in few.costs.items():
        print(f"| {name} | {cost.shown} | {many.costs[name].shown} |")
    plans = many.plans()
    print("\n| table | read by |")
    print("| --- | --- |")
    for name, paths in plans.items():
        print(f"| `{name}` | {', '.join(paths)} |")
    print("\n| table | bytes a row |")
    print("| --- | --- |")
    for name, size in many.sizes().items():
        print(f"| `twofactor_{name}` | {size:.0f} |")
    return plans


def commands(few: Database, many: Database) -> None:
    """Print seconds and memory of the commands that read all accounts."""
    print("\n| command | s, MB with few | s, MB with many |")
    print("| --- | --- | --- |")
    for arguments in (
        ["list", "--held", "--json"],
        ["list", "--json"],
        ["list", "--off", "--json"],
        ["stats", "--json"],
        ["stats", "--keep"],
        ["events", "--since", "1d", "--json"],
    ):
        figures = [database.command(*arguments) for database in (few, many)]
        shown = " | ".join(f"{seconds:.1f} s, {peak} MB" for seconds, peak in figures)
        print(f"| `{' '.join(arguments)}` | {shown} |", flush=True)


if __name__ == "__main__":
    main()
