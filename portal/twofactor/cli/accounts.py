"""Commands that help a locked-out user; the operator and the reason are recorded."""

import getpass
import os
import sys
from collections.abc import Callable

import click

from ..app.state import current_state
from ..core.errors import NotOn
from ..service.context import Kit
from ..service.operator import accounts
from .group import group, key_of

# In characters, so that the record has room for the operator as well.
LONGEST_REASON = 200

reason_option = click.option("--reason", required=True, help="The reason. It is recorded.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


@group.command("reset")
@click.argument("user")
@reason_option
@yes_option
def reset(user: str, reason: str, yes: bool) -> None:
    """Turn off two-factor authentication for USER, who has lost phone and recovery code.

    Make sure first that the request really comes from them. They get a mail and their sessions
    end. The reset is recorded with its reason.

    Example: flask twofactor reset alice --reason "lost phone, called back on the known number"
    """
    _help(user, reason, yes, "Turn off two-factor authentication for", accounts.reset)
    click.echo("Two-factor authentication is off.")


@group.command("unlock")
@click.argument("user")
@reason_option
@yes_option
def unlock(user: str, reason: str, yes: bool) -> None:
    """Accept codes of USER again after too many wrong ones; two-factor authentication stays on.

    Make sure first that the request really comes from them. They get a mail and their sessions
    end, since the wrong codes may come from one of them. The unlocking is recorded with its reason.

    Example: flask twofactor unlock alice --reason "phone's clock was wrong"
    """
    _help(user, reason, yes, "Unlock codes for", accounts.unlock)
    click.echo("Codes are unlocked.")


def _help(
    user: str,
    reason: str,
    yes: bool,
    question: str,
    help_with: Callable[[Kit, str, str, str], None],
) -> None:
    state = current_state()
    user_id = key_of(state, user)
    reason = checked_reason(reason)
    confirm(f"{question} {state.host.user_label(user_id)}?", yes)
    try:
        help_with(state.kit, user_id, operator(), reason)
    except NotOn:
        raise click.ClickException(f"two-factor authentication is off for {user!r}") from None


def checked_reason(reason: str, most: int = LONGEST_REASON) -> str:
    """Return a reason in one line.

    Raises:
        BadParameter: it is empty or too long.
    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= most:
        raise click.BadParameter(f"say why, in at most {most} characters", param_hint="--reason")
    return reason


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


def operator() -> str:
    """Return the name of the operator: the system account, and SUDO_USER if it differs."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    came_from = os.environ.get("SUDO_USER", "")
    if came_from and came_from != name:
        name = f"{name} ({came_from})"
    return f"operator {name[:40]}"
