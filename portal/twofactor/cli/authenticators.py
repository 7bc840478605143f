"""Commands about the authenticators of a user, and about the pages where passkeys are used."""

import json
from typing import Any

import click

from ..app.operator import Operator, terms
from ..app.state import current_state
from ..core.errors import LastAuthenticator, NotOn, SetupError, UnknownAuthenticator
from ..service.operator.objects import of_authenticator
from .accounts import checked_reason, confirm, reason_option, yes_option
from .group import as_json, group, key_of, say_database
from .output import print_json, print_table, time_text


@group.command("authenticators")
@click.argument("user")
@as_json
def authenticators(user: str, as_json: bool) -> None:
    """List apps and passkeys of USER, with the id that `remove-authenticator` takes.

    Example: flask twofactor authenticators alice
    """
    held = Operator().authenticators(key_of(current_state(), user))
    rows = [of_authenticator(each) for each in held]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("ID", "KIND", "NAME", "ADDED (UTC)", "LAST USED (UTC)", "NOTE"),
        (
            (
                row["authenticator"],
                row["kind"],
                row["name"],
                time_text(each.added_at),
                time_text(each.last_used_at),
                _note(row),
            )
            for row, each in zip(rows, held, strict=True)
        ),
    )


@group.command("remove-authenticator")
@click.argument("user")
@click.argument("authenticator", metavar="ID")
@reason_option
@yes_option
@as_json
def remove_authenticator(
    user: str, authenticator: str, reason: str, yes: bool, as_json: bool
) -> None:
    """Remove the app or passkey ID of USER, which they have lost; `reset` removes the last one.

    Make sure first that the request really comes from them. The removal is recorded with its
    reason, and the application is told of it, which may send them a mail.

    Example: flask twofactor remove-authenticator alice 5a1f… --reason "lost key, called back"
    """
    state = current_state()
    user_id = key_of(state, user)
    reason = checked_reason(reason, terms.LONGEST_REASON_OF_REMOVAL)
    confirm(f"Remove {authenticator} of {state.host.user_label(user_id)}?", yes)
    held = [each.id for each in Operator().authenticators(user_id)]
    if authenticator in held and len(held) > 1 and not as_json:
        say_database(state)
    try:
        removed = Operator().remove_authenticator(user_id, authenticator, reason=reason)
    except NotOn:
        raise click.ClickException(f"two-factor authentication is off for {user!r}") from None
    except UnknownAuthenticator:
        raise click.ClickException(f"{user!r} has no authenticator {authenticator!r}") from None
    except LastAuthenticator:
        raise click.ClickException(
            f"it is the only one of {user!r}: 'flask twofactor reset' removes it"
        ) from None
    if as_json:
        print_json(of_authenticator(removed))
    else:
        click.echo(f"Removed {removed.name!r}.")


@group.command("related-origins")
@click.option("--json", is_flag=True, expose_value=False, help="As without it: always JSON.")
def origins() -> None:
    """Print what https://<TWOFACTOR_RP_ID>/.well-known/webauthn must answer, as JSON.

    Browsers read it before passkeys are used on pages outside that domain (TWOFACTOR_ORIGINS). The
    application serves it itself where it is mounted at the root of that host.

    Example: flask twofactor related-origins > /srv/www/.well-known/webauthn
    """
    try:
        related = Operator().related_origins()
    except SetupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(related))


def _note(row: dict[str, Any]) -> str:
    if row["synced"] is None:
        return ""
    if not row["usable"]:
        return f"of another RP ID: {row['rp_id']}" if row["rp_id"] else "does not open"
    return "on several devices" if row["synced"] else "on one device or key"
