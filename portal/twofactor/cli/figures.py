"""The command that counts users and events, and keeps the figures for the help desk."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from ..app.operator import Operator
from ..app.operator.figures import WEEKS_KEPT
from ..app.state import current_state
from ..service.operator import kept, statistics
from ..service.operator.kept import Kept
from ..service.operator.statistics import Figures
from .group import as_json, at, group, say_database
from .output import print_json, print_pairs, print_table, read_moment, share_text, time_text

WEEKS = 12
# The columns of two tables, since one would be too wide for a terminal.
_TABLES = (
    ("week", "activated", "deactivated", "reset", "codes_accepted", "codes_wrong", "imported"),
    ("week", "on", "passkeys_accepted", "passkeys_refused", "held", "locked", "started_over"),
)


@group.command("stats")
@click.option(
    "--weeks",
    type=click.IntRange(1, statistics.MOST_WEEKS),
    show_default=f"{WEEKS}, with --keep {WEEKS_KEPT}",
    help="How many weeks, including the current one.",
)
@click.option("--keep", "keeps", is_flag=True, help="Keep the figures for the help desk.")
@click.option(
    "--older-than",
    callback=read_moment,
    help="With --keep: count only if the figures that are kept are older, e.g. 20h.",
)
@as_json
def stats(weeks: int | None, keeps: bool, older_than: int | None, as_json: bool) -> None:
    """Count users, areas and held accounts, and the events of each week.

    Example: flask twofactor stats --weeks 4
    """
    if not keeps:
        if older_than is not None:
            raise click.UsageError("--older-than goes with --keep")
        _print(Operator().stats(weeks or WEEKS), as_json)
        return
    if weeks is not None and weeks > kept.MOST_WEEKS:
        raise click.UsageError(f"--keep takes at most {kept.MOST_WEEKS} weeks")
    if not as_json:
        say_database(current_state())
    found = _kept(weeks or WEEKS_KEPT, older_than)
    if as_json:
        print_json(asdict(found.figures))
        return
    click.echo(f"Kept: the figures of {len(found.figures.weeks)} weeks, {time_text(found.at)} UTC.")


def _kept(weeks: int, older_than: int | None) -> Kept:
    """Return the kept figures; count them before, unless they are young enough."""
    if older_than is not None:
        found = Operator().kept_figures()
        if found is not None and found.at > at(current_state(), older_than):
            return found
    return Operator().keep_figures(weeks)


def _print(figures: Figures, as_json: bool) -> None:
    if as_json:
        print_json(asdict(figures))
        return
    print_pairs(
        {
            "users": figures.users,
            "on": f"{figures.on} {share_text(figures.on, figures.users)}".strip(),
            "held": figures.held,
            "locked": figures.locked,
            "recovery_held": figures.recovery_held,
            "passkeys": figures.passkeys,
            "synced": figures.synced,
            "with_app": figures.with_app,
            "with_passkey": figures.with_passkey,
            "with_both": figures.with_both,
        }
    )
    click.echo()
    print_table(
        ("AREA", "ON", "SHARE"),
        ((key, str(n), share_text(n, figures.on)) for key, n in figures.areas.items()),
    )
    for fields in _TABLES:
        click.echo()
        _print_weeks([asdict(week) for week in figures.weeks], fields)


def _print_weeks(weeks: Sequence[dict[str, Any]], fields: tuple[str, ...]) -> None:
    def shown(value: object) -> str:
        return "-" if value is None else str(value)

    print_table(
        tuple(name.upper().replace("_", " ") for name in fields),
        (tuple(shown(week[name]) for name in fields) for week in weeks),
    )
