"""Commands that rotate keys, remove old rows, upgrade tables and check the setup."""

import sys
from dataclasses import asdict

import click

from ..app.operator import Operator
from ..app.operator.api import KEPT
from ..app.state import current_state
from ..core.errors import SetupError
from .group import as_json, at, changing, group
from .output import print_json, progress, read_moment


@group.command("rotate-keys")
@as_json
@changing
def rotate_keys(as_json: bool) -> None:
    """Seal everything again with the newest key; you can stop it and run it again.

    First put the new key behind the old ones in TWOFACTOR_KEYS and restart every process; then put
    it in front, and restart them again.

    Example: flask twofactor rotate-keys
    """
    state = current_state()
    with progress(state.kit.store.count_sealed()) as advance:
        done = Operator().rotate_keys(progress=advance)
    if as_json:
        print_json({**asdict(done), "key": state.kit.vault.newest})
    else:
        click.echo(
            f"{done.resealed} of {done.seen} sealed anew under key {state.kit.vault.newest}."
        )
    if done.failed:
        missing = f"; missing keys: {', '.join(done.missing)}" if done.missing else ""
        raise click.ClickException(f"{done.failed} could not be opened and were left{missing}")


@group.command("purge")
@click.option(
    "--events-before",
    callback=read_moment,
    default=f"{KEPT.days}d",
    show_default=True,
    help="As --since.",
)
@as_json
@changing
def purge(events_before: int, as_json: bool) -> None:
    """Remove expired tickets and old events in batches; you can stop it and run it again.

    Example: flask twofactor purge --events-before 90d
    """
    state = current_state()
    before = at(state, events_before)
    with progress(state.kit.store.count_old(state.kit.clock(), before)) as advance:
        gone = Operator().purge(before, progress=advance)
    if as_json:
        print_json(asdict(gone))
        return
    click.echo(f"{gone.tickets} tickets and {gone.events} events were removed.")


@group.command("upgrade-tables")
@as_json
@changing
def upgrade_tables(as_json: bool) -> None:
    """Upgrade the tables to the version of this release, if Flask-Migrate does not.

    Example: flask twofactor upgrade-tables
    """
    try:
        before, after = Operator().upgrade_tables()
    except (ImportError, SetupError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        print_json({"before": before, "after": after})
    else:
        click.echo(f"Upgraded the tables from version {before} to version {after}.")


@group.command("doctor")
@as_json
def doctor(as_json: bool) -> None:
    """Check database, tables, keys, clock, cookies and more, a line each; status 1 if one fails.

    Example: flask twofactor doctor --json
    """
    found = Operator().doctor()
    if as_json:
        print_json([asdict(check) for check in found])
    else:
        for check in found:
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.text}")
    if not all(check.ok for check in found):
        sys.exit(1)
