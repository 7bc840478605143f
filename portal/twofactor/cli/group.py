"""What the commands have in common: the group, the options, and how USER is read."""

from importlib import import_module
from typing import Any

import click
from flask.cli import AppGroup

from ..app.state import State
from ..core.errors import Unavailable


class Group(AppGroup):
    """Commands whose failures are one line, too.

    They are imported when one is asked for: the processes that serve never do.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        _add_commands()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        _add_commands()
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what can't be decided is refused."""
        try:
            return super().invoke(ctx)
        except Unavailable as error:
            raise click.ClickException(str(error)) from None


def _add_commands() -> None:
    """Import the modules that have them; each adds its own to the group."""
    for name in ("accounts", "reports", "upkeep"):
        import_module(f".{name}", __package__)


group = Group("twofactor", help="Two-factor authentication: who uses it, and help for them.")

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON value for programs.")


def at(state: State, moment: int) -> int:
    """A time as `output.read_moment` gives it, in Unix seconds."""
    return moment if moment >= 0 else int(state.kit.clock()) + moment


def key_of(state: State, name: str) -> str:
    """The key of a user who is named by user name, e-mail address or key, in this order.

    Raises:
        ClickException: nobody is.
    """
    user = state.host.find_user(name)
    if user is not None:
        return state.host.user_key(user)
    if not (state.kit.store.account(name) or state.kit.store.events(name, 1)):
        raise click.ClickException(f"there is no user {name!r}")
    return name
