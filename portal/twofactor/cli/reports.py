"""Commands that list areas, accounts and events, and count them."""

from dataclasses import asdict

import click
from flask import current_app

from ..app.checks.views import guarded_routes
from ..app.state import State, current_state
from ..i18n.language import in_english
from ..service.operator import accounts, statistics
from .group import as_json, at, group, key_of
from .output import (
    account_object,
    event_object,
    named,
    off_object,
    print_json,
    print_pairs,
    print_table,
    read_moment,
    share_text,
    stream_json,
    time_text,
    yes_text,
)


@group.command("areas")
@as_json
def areas(as_json: bool) -> None:
    """List the areas, and the routes that each of them guards.

    Example: flask twofactor areas --json
    """
    state = current_state()
    routes = guarded_routes(current_app)
    rows = [
        asdict(in_english(area)) | {"routes": routes.get(area.key, [])} for area in state.kit.areas
    ]
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
@click.option("--on/--off", "on", default=True, help="Users who have it on (the default) or off.")
@click.option("--area", help="Only users who protect this area.")
@click.option("--held", is_flag=True, help="Only users whose codes are on hold.")
@click.option("--without-passkey", "bare", is_flag=True, help="Only users who have no passkey.")
@as_json
def list_accounts(on: bool, area: str | None, held: bool, bare: bool, as_json: bool) -> None:
    """List the users with two-factor authentication, or those without.

    Example: flask twofactor list --area invoices --without-passkey
    """
    state = current_state()
    if area is not None and area not in state.kit.areas:
        raise click.BadParameter(f"no area is called {area!r}", param_hint="--area")
    if not on:
        if area is not None or held or bare:
            raise click.UsageError("--off goes with no other filter")
        _list_off(state, as_json)
        return
    passkeys = False if bare else None
    shown = accounts.overviews(state.kit, area=area, held=held, passkeys=passkeys)
    found = named(state, shown, lambda each: each.user_id)
    if as_json:
        stream_json(account_object(name, each) for name, each in found)
        return
    print_table(
        ("USER", "SINCE (UTC)", "LAST USED (UTC)", "HELD UNTIL (UTC)", "AREAS"),
        (
            (
                name,
                time_text(each.activated_at),
                time_text(each.last_used_at),
                time_text(each.held_until),
                " ".join(each.areas),
            )
            for name, each in found
        ),
    )


def _list_off(state: State, as_json: bool) -> None:
    if state.host.user_keys is None:
        raise click.ClickException(
            "users who have it off can't be listed: pass user_keys (the keys of all users)"
            " to init_app"
        )
    found = named(state, accounts.without(state.kit, state.host.user_keys()), str)
    if as_json:
        stream_json(off_object(name, key) for name, key in found)
        return
    print_table(("USER", "KEY"), found)


@group.command("status")
@click.argument("user")
@as_json
def status(user: str, as_json: bool) -> None:
    """Show the two-factor state of USER (a user name, an e-mail address or a key).

    Example: flask twofactor status alice
    """
    state = current_state()
    user_id = key_of(state, user)
    account = state.kit.store.account(user_id)
    if account is None:
        body = off_object(state.host.user_label(user_id), user_id)
    else:
        body = account_object(state.host.user_label(user_id), accounts.overview(state.kit, account))
    if as_json:
        print_json(body)
        return
    print_pairs(body)


@group.command("events")
@click.argument("user", required=False)
@click.option("--since", callback=read_moment, help="2026-11-24, 2026-11-24T10:00, 90m, 12h, 7d")
@as_json
def events(user: str | None, since: int | None, as_json: bool) -> None:
    """List the recorded events, oldest first.

    Example: flask twofactor events alice --since 7d
    """
    state = current_state()
    user_id = None if user is None else key_of(state, user)
    record = accounts.events(state.kit, user_id, None if since is None else at(state, since))
    found = named(state, record, lambda each: each.user_id)
    if as_json:
        stream_json(event_object(name, each) for name, each in found)
        return
    print_table(
        ("TIME (UTC)", "USER", "EVENT", "AREA", "ADDRESS", "DETAIL"),
        (
            (
                time_text(each.at),
                name,
                each.kind,
                each.area or "-",
                each.address or "-",
                each.detail or "",
            )
            for name, each in found
        ),
    )


@group.command("stats")
@click.option(
    "--weeks",
    type=click.IntRange(1, 520),
    default=12,
    show_default=True,
    help="How many weeks, including the current one.",
)
@as_json
def stats(weeks: int, as_json: bool) -> None:
    """Count users, areas and held accounts, and the events of each week.

    Example: flask twofactor stats --weeks 4
    """
    state = current_state()
    users = None if state.host.user_keys is None else sum(1 for _ in state.host.user_keys())
    figures = statistics.figures(state.kit, users, weeks)
    if as_json:
        print_json(asdict(figures))
        return
    print_pairs(
        {
            "users": figures.users,
            "on": f"{figures.on} {share_text(figures.on, users)}".strip(),
            "held": figures.held,
            "locked": figures.locked,
            "recovery_held": figures.recovery_held,
            "passkeys": figures.passkeys,
            "synced": figures.synced,
        }
    )
    click.echo()
    print_table(
        ("AREA", "ON", "SHARE"),
        ((key, str(n), share_text(n, figures.on)) for key, n in figures.areas.items()),
    )
    click.echo()
    print_table(
        tuple(name.upper().replace("_", " ") for name in statistics.Week.__dataclass_fields__),
        (tuple(str(value) for value in asdict(week).values()) for week in figures.weeks),
    )
