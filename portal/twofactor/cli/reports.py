"""Commands that list areas, accounts and events, and count them."""

from dataclasses import asdict
from typing import Any

import click
from flask import current_app

from ..app.checks.views import guarded_routes
from ..app.operator import Operator
from ..app.state import State, current_state
from ..core.errors import SetupError
from ..core.records import Event
from ..i18n.language import in_english
from ..service.help_desk import requests
from ..service.operator.objects import of_account, of_event, of_nobody
from .group import as_json, at, group, key_of
from .output import (
    named,
    print_json,
    print_pairs,
    print_table,
    read_moment,
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
    shown = Operator().accounts(area=area, held=held, passkeys=passkeys)
    found = named(state, shown, lambda each: each.user_id)
    if as_json:
        stream_json(of_account(name, each) for name, each in found)
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
    try:
        found = named(state, Operator().without(), str)
    except SetupError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        stream_json(of_nobody(name, key) for name, key in found)
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
    name, found = state.host.user_label(user_id), Operator().status(user_id)
    body = of_nobody(name, user_id) if found is None else of_account(name, found)
    kit = state.kit
    request = requests.of_user(kit, user_id, kit.store.account(user_id)) if found else None
    body["reset_asked_by"] = request.name if request else None
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
    record = Operator().events(user_id, None if since is None else at(state, since))
    found = named(state, record, lambda each: each.user_id)
    if as_json:
        stream_json(_event(name, each) for name, each in found)
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


def _event(name: str, event: Event) -> dict[str, Any]:
    """Return an event as an object, with its user."""
    who = {"id": event.id, "at": None, "user": event.user_id, "name": name}
    return who | of_event(event)


@group.command("export")
@click.argument("user")
@click.option("--json", is_flag=True, expose_value=False, help="As without it: always JSON.")
def export(user: str) -> None:
    """Print all that is stored about USER as JSON, to hand it to them; no secrets are in it.

    Example: flask twofactor export alice > alice.json
    """
    print_json(Operator().export(key_of(current_state(), user)))
