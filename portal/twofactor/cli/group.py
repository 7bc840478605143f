"""The command group, the options that commands share, and the reading of USER."""

import errno
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from ..app.state import State, current_state
from ..core.errors import Unavailable
from ..storage.transactions import unavailable

P = ParamSpec("P")
R = TypeVar("R")
# What a disk that takes no more of the output says.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Command(click.Command):
    """A command that takes only text that can be looked up, stored and shown."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it.

        Raises:
            BadParameter: an argument has bytes that the locale can't read; Python keeps them as
                lone surrogates.
        """
        for parameter in self.params:
            value = ctx.params.get(parameter.name or "")
            if isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value):
                raise click.BadParameter(
                    "it can't be read as UTF-8: set LANG to a UTF-8 locale, and the terminal too",
                    ctx,
                    parameter,
                )
        return super().invoke(ctx)


class Group(AppGroup):
    """A group of commands that reports `Unavailable` as one line.

    It imports the commands on first use, which never happens in the processes that serve.
    """

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        _add_commands()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name."""
        _add_commands()
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; raise `Unavailable`, and errors in the host's own queries, as one line.

        A full disk is one line, too.
        """
        try:
            return super().invoke(ctx)
        except Unavailable as error:
            raise click.ClickException(str(error)) from None
        except SQLAlchemyError as error:
            raise click.ClickException(str(unavailable(error))) from None
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise click.ClickException(f"not all was written: {error.strerror}") from None


def _add_commands() -> None:
    """Import the modules of the commands; each adds its own to the group."""
    for name in ("accounts", "authenticators", "figures", "importing", "reports", "upkeep"):
        import_module(f".{name}", __package__)


group = Group("twofactor", help="Two-factor authentication: who uses it, and help for them.")

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON value for programs.")


def changing(command: Callable[P, R]) -> Callable[P, R]:
    """Make a command name its database before it changes anything.

    If the environment of the service was forgotten, this shows that the database is another one. On
    standard output, since a refusal is one line on standard error; not with --json, for programs.
    """

    @wraps(command)
    def announced(*args: P.args, **options: P.kwargs) -> R:
        if not (options.get("as_json") or options.get("dry_run")):
            say_database(current_state())
        return command(*args, **options)

    return announced


def say_database(state: State) -> None:
    """Name the database."""
    click.echo(f"Database: {state.kit.store.address()}")


def at(state: State, moment: int) -> int:
    """Return a time from `output.read_moment` in Unix seconds."""
    return moment if moment >= 0 else int(state.kit.clock()) + moment


def key_of(state: State, name: str) -> str:
    """Return the key of a user, found by user name, e-mail address or key, in this order.

    Raises:
        ClickException: there is no such user.
    """
    user = state.host.find_user(name)
    if user is not None:
        return state.host.user_key(user)
    if not (state.kit.store.account(name) or state.kit.store.events(name, 1)):
        raise click.ClickException(f"there is no user {name!r}")
    return name
