"""Commands that help a locked-out user; the operator and the reason are recorded."""

import sys
from typing import Protocol

import click

from ..app.operator import Operator, terms
from ..app.state import current_state
from ..core.errors import NotOn
from ..core.help_desk import NoPassword
from ..service.operator.objects import of_request
from .group import as_json, group, key_of, say_database
from .output import named, print_json, print_table, time_text

reason_option = click.option("--reason", required=True, help="The reason. It is recorded.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


@group.command("reset")
@click.argument("user")
@reason_option
@yes_option
def reset(user: str, reason: str, yes: bool) -> None:
    """Turn off two-factor authentication for USER, who has lost phone and recovery code.

    Make sure first that the request really comes from them. The reset is recorded with its reason,
    and the application is told of it, which may send them a mail and end their sessions.

    Example: flask twofactor reset alice --reason "lost phone, called back on the known number"
    """
    _help(user, reason, yes, "Turn off two-factor authentication for", Operator().reset)
    click.echo("Two-factor authentication is off.")


@group.command("unlock")
@click.argument("user")
@reason_option
@yes_option
def unlock(user: str, reason: str, yes: bool) -> None:
    """Accept codes of USER again after too many wrong ones; two-factor authentication stays on.

    Make sure first that the request really comes from them. The unlocking is recorded with its
    reason, and the application is told of it, which may send them a mail and end their sessions,
    since the wrong codes may come from one of them.

    Example: flask twofactor unlock alice --reason "phone's clock was wrong"
    """
    _help(user, reason, yes, "Unlock codes for", Operator().unlock)
    click.echo("Codes are unlocked.")


@group.command("start-over")
@click.argument("user")
@reason_option
@yes_option
def start_over(user: str, reason: str, yes: bool) -> None:
    """Have a link mailed with which USER, who has lost all devices, starts over with the password.

    Make sure first that the request really comes from them. It is recorded with its reason, and the
    application, which is told of it, mails the link: it is never printed here. It works once, for a
    day.

    Example: flask twofactor start-over alice --reason "lost phone, called back"
    """
    try:
        _help(user, reason, yes, "Send a link to start over to", Operator().start_over)
    except NoPassword:
        raise click.ClickException(
            f"{user!r} has no password here: 'flask twofactor reset' turns it off"
        ) from None
    click.echo("The application was told to mail the link.")


@group.command("requests")
@as_json
def requests(as_json: bool) -> None:
    """List the resets that wait for a second agent of the help desk, newest first.

    Agents confirm and decline them in the browser.

    Example: flask twofactor requests
    """
    found = list(named(current_state(), Operator().requests(), lambda each: each.user_id))
    if as_json:
        print_json([of_request(name, each) for name, each in found])
        return
    print_table(
        ("USER", "ASKED BY", "SINCE (UTC)", "UNTIL (UTC)", "REASON"),
        (
            (name, each.name, time_text(each.at), time_text(each.until), each.reason)
            for name, each in found
        ),
    )


class _Help(Protocol):
    """An operation on a user that records the reason."""

    def __call__(self, user: str, *, reason: str) -> None: ...


def _help(user: str, reason: str, yes: bool, question: str, help_with: _Help) -> None:
    state = current_state()
    user_id = key_of(state, user)
    reason = checked_reason(reason)
    confirm(f"{question} {state.host.user_label(user_id)}?", yes)
    if state.kit.store.account(user_id) is not None:
        say_database(state)
    try:
        help_with(user_id, reason=reason)
    except NotOn:
        raise click.ClickException(f"two-factor authentication is off for {user!r}") from None


def checked_reason(reason: str, most: int = terms.LONGEST_REASON) -> str:
    """Return a reason in one line.

    Raises:
        BadParameter: it is empty or too long.
    """
    try:
        return terms.checked_reason(reason, most)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--reason") from None


def confirm(question: str, yes: bool) -> None:
    """Ask on a terminal whether to go on, unless --yes was given.

    Raises:
        Abort: the operator does not want to.
        ClickException: there is no terminal.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.ClickException("not confirmed: on a pipe, --yes confirms")
    click.confirm(question, abort=True)
