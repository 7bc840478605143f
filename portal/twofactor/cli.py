"""`flask twofactor ...`: what an operator asks and does. Secrets are never printed.

Exit status 0 done, 1 refused or not found (one line on stderr says why), 2 wrong usage.
"""

import getpass
import sys
from dataclasses import asdict
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from .core.errors import NotOn, Unavailable
from .listing import (
    account_object,
    event_object,
    print_json,
    print_table,
    read_moment,
    stream_json,
    time_text,
    yes_text,
)
from .service import doctor as checks
from .service import operations
from .state import State, current_state
from .wiring import guarded_routes


class Group(AppGroup):
    """Commands whose failures are one line, too."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what can't be decided is refused."""
        try:
            return super().invoke(ctx)
        except Unavailable as error:
            raise click.ClickException(str(error)) from None


group = Group("twofactor", help="Two-factor authentication: who uses it, and help for them.")

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON value for programs.")
reason_option = click.option("--reason", required=True, help="Why; it is recorded.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


def _at(state: State, moment: int) -> int:
    return moment if moment >= 0 else int(state.kit.clock()) + moment


@group.command("areas")
@as_json
def areas(as_json: bool) -> None:
    """The areas, and the routes that each of them guards.

    Example: flask twofactor areas --json
    """
    state = current_state()
    routes = guarded_routes(current_app)
    rows = [asdict(area) | {"routes": routes.get(area.key, [])} for area in state.kit.areas]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("KEY", "LABEL", "GUARDS", "MANDATORY", "ROUTES"),
        (
            (r["key"], r["label"], r["guards"], yes_text(r["mandatory"]), ", ".join(r["routes"]))
            for r in rows
        ),
    )


@group.command("list")
@click.option("--area", help="Only those who protect this area.")
@click.option("--held", is_flag=True, help="Only those whose codes are not judged now.")
@as_json
def list_accounts(area: str | None, held: bool, as_json: bool) -> None:
    """Who has two-factor authentication.

    Example: flask twofactor list --area invoices
    """
    state = current_state()
    if area is not None and area not in state.kit.areas:
        raise click.BadParameter(f"no area is called {area!r}", param_hint="--area")
    found = (
        each
        for each in operations.overviews(state.kit)
        if (area is None or area in each.areas) and (not held or each.held_until is not None)
    )
    if as_json:
        stream_json(account_object(state, each) for each in found)
        return
    print_table(
        ("USER", "SINCE (UTC)", "LAST USED (UTC)", "HELD UNTIL (UTC)", "AREAS"),
        (
            (
                state.user_label(each.user_id),
                time_text(each.activated_at),
                time_text(each.last_used_at),
                time_text(each.held_until),
                " ".join(each.areas),
            )
            for each in found
        ),
    )


@group.command("status")
@click.argument("user")
@as_json
def status(user: str, as_json: bool) -> None:
    """The two-factor state of USER (a user name, an e-mail address or a key).

    Example: flask twofactor status alice
    """
    state = current_state()
    user_id = _user(state, user)
    account = state.kit.store.account(user_id)
    if account is None:
        body: dict[str, Any] = {"user": user_id, "name": state.user_label(user_id), "state": "off"}
    else:
        body = account_object(state, operations.overview(state.kit, account))
    if as_json:
        print_json(body)
        return
    for name, value in body.items():
        shown = " ".join(value) if isinstance(value, list) else value
        click.echo(f"{name + ':':<22}{'-' if shown is None else shown}")


@group.command("reset")
@click.argument("user")
@reason_option
@yes_option
def reset(user: str, reason: str, yes: bool) -> None:
    """Switch two-factor authentication off for USER, who has lost phone and recovery code.

    Make sure first that it is really them who ask. It is recorded and mailed to them, and their
    sessions end.

    Example: flask twofactor reset alice --reason "lost phone, called back on the known number"
    """
    _help(user, reason, yes, "Switch two-factor authentication off for", operations.reset)
    click.echo("Two-factor authentication is off.")


@group.command("unlock")
@click.argument("user")
@reason_option
@yes_option
def unlock(user: str, reason: str, yes: bool) -> None:
    """Let codes of USER be judged again after too many wrong ones; it stays on.

    Example: flask twofactor unlock alice --reason "phone's clock was wrong"
    """
    _help(user, reason, yes, "Let codes be judged again for", operations.unlock)
    click.echo("Codes are judged again.")


@group.command("events")
@click.argument("user", required=False)
@click.option("--since", callback=read_moment, help="2026-11-24, 2026-11-24T10:00, 90m, 12h, 7d")
@as_json
def events(user: str | None, since: int | None, as_json: bool) -> None:
    """The record of what happened, oldest first.

    Example: flask twofactor events alice --since 7d
    """
    state = current_state()
    user_id = None if user is None else _user(state, user)
    found = operations.events(state.kit, user_id, None if since is None else _at(state, since))
    if as_json:
        stream_json(event_object(state, each) for each in found)
        return
    print_table(
        ("TIME (UTC)", "USER", "EVENT", "AREA", "ADDRESS", "DETAIL"),
        (
            (
                time_text(each.at),
                state.user_label(each.user_id),
                each.kind,
                each.area or "-",
                each.address or "-",
                each.detail or "",
            )
            for each in found
        ),
    )


@group.command("rotate-keys")
@as_json
def rotate_keys(as_json: bool) -> None:
    """Seal everything anew under the newest key; it can be broken off and run again.

    Example: put a new key in front of TWOFACTOR_KEYS, restart, then flask twofactor rotate-keys
    """
    state = current_state()
    with click.progressbar(length=state.kit.store.count_sealed(), file=sys.stderr) as bar:
        done = operations.rotate_keys(state.kit, bar.update)
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
    """Remove expired tickets and old events.

    Example: flask twofactor purge --events-before 90d
    """
    state = current_state()
    tickets, removed = operations.purge(state.kit, _at(state, events_before))
    if as_json:
        print_json({"tickets": tickets, "events": removed})
        return
    click.echo(f"{tickets} tickets and {removed} events were removed.")


@group.command("doctor")
@as_json
def doctor(as_json: bool) -> None:
    """Check keys, tables, clock and cookies, a line each; status 1 if one fails.

    Example: flask twofactor doctor --json
    """
    state = current_state()
    found = checks.examine(state.kit, state.tables, current_app.config)
    if as_json:
        print_json([asdict(check) for check in found])
    else:
        for check in found:
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.text}")
    if not all(check.ok for check in found):
        sys.exit(1)


def _help(user: str, reason: str, yes: bool, question: str, help_with: Any) -> None:
    state = current_state()
    user_id = _user(state, user)
    if not reason.strip():
        raise click.BadParameter("say why", param_hint="--reason")
    if not yes:
        if not sys.stdin.isatty():
            raise click.ClickException("not confirmed: on a pipe, --yes confirms")
        click.confirm(f"{question} {state.user_label(user_id)}?", abort=True)
    try:
        help_with(state.kit, user_id, _operator(), " ".join(reason.split()))
    except NotOn:
        raise click.ClickException(f"two-factor authentication is off for {user!r}") from None


def _operator() -> str:
    try:
        return f"operator {getpass.getuser()}"
    except (KeyError, OSError):
        return "operator"


def _user(state: State, name: str) -> str:
    """The key of a user who is named by user name, e-mail address or key."""
    user = state.find_user(name)
    if user is not None:
        return state.user_key(user)
    if not (state.kit.store.account(name) or state.kit.store.events(name, 1)):
        raise click.ClickException(f"there is no user {name!r}")
    return name
