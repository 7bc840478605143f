"""Commands that help a locked-out user; the operator and the reason are recorded."""

import sys
from typing import Protocol

import click

from ..app.operator import Operator, terms
from ..app.state import current_state
from ..core.errors import NotOn
from .group import group, key_of, say_database

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
