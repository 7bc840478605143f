"""Commands that rotate keys, remove old rows, upgrade tables and check the setup."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click
from flask import current_app

from ..app import alembic
from ..app.checks import startup
from ..app.state import State, current_state
from ..service.operator import doctor as checks
from ..service.operator import upkeep
from .group import as_json, at, group
from .output import print_json, read_moment


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that advances a progress bar, which is only shown on a terminal."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=total, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update


@group.command("rotate-keys")
@as_json
def rotate_keys(as_json: bool) -> None:
    """Seal everything again with the newest key; you can stop it and run it again.

    First put the new key at the front of TWOFACTOR_KEYS everywhere.

    Example: flask twofactor rotate-keys
    """
    state = current_state()
    with _progress(state.kit.store.count_sealed()) as advance:
        done = upkeep.rotate_keys(state.kit, advance)
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
    default="400d",
    show_default=True,
    help="As --since.",
)
@as_json
def purge(events_before: int, as_json: bool) -> None:
    """Remove expired tickets and old events in batches; you can stop it and run it again.

    Example: flask twofactor purge --events-before 90d
    """
    state = current_state()
    before = at(state, events_before)
    with _progress(state.kit.store.count_old(state.kit.clock(), before)) as advance:
        tickets, removed = upkeep.purge(state.kit, before, advance)
    if as_json:
        print_json({"tickets": tickets, "events": removed})
        return
    click.echo(f"{tickets} tickets and {removed} events were removed.")


@group.command("upgrade-tables")
@as_json
def upgrade_tables(as_json: bool) -> None:
    """Upgrade the tables to the version of this release, if Flask-Migrate does not.

    Example: flask twofactor upgrade-tables
    """
    if alembic.manages(current_app, current_state().kit.settings.bind_key):
        raise click.ClickException(
            "Flask-Migrate manages the tables here: run 'flask db upgrade', and see"
            " flask_twofactor.migrations for a revision of your own"
        )
    before, after = upkeep.upgrade_tables(current_state().kit)
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
    state = current_state()
    more = {
        "sessions": lambda: startup.check_sessions(current_app),
        "recovery": lambda: _recovery(state),
        **alembic.history(current_app),
        **state.host.checks,
    }
    upgrade = alembic.advice(current_app, state.kit.settings.bind_key)
    found = checks.examine(state.kit, current_app.config, state.host.user_keys, more, upgrade)
    if as_json:
        print_json([asdict(check) for check in found])
    else:
        for check in found:
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.text}")
    if not all(check.ok for check in found):
        sys.exit(1)


def _recovery(state: State) -> tuple[bool, str]:
    """Report whether recovery after wrong codes requires a new password."""
    if state.host.change_password is None:
        return True, (
            "after wrong codes the recovery code signs in and the password stays: pass"
            " change_password to init_app to ask for a new one in the same step"
        )
    return True, "after wrong codes the recovery code takes a new password"
