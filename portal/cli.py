"""The portal's commands for customers, the demo and mails. A failure exits with 1 and one line."""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, get_args

import click
from flask import Flask
from flask.cli import AppGroup

from portal import demo
from portal.account import help_desk, service, upkeep
from portal.account.customers import AT_ONCE, find_customer, in_batches
from portal.extensions import twofactor
from portal.mail import outbox
from portal.models import Customer, Role
from portal.rules.names import Refused
from portal.rules.passwords import PasswordRefused
from portal.security.database import address
from portal.security.told import database_errors


class Command(click.Command):
    """A command that reports an error of the database, or unreadable text, as one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; raise `ClickException` for an error of the database or an unreadable argument."""
        for parameter in self.params:
            _check_readable(ctx.params.get(parameter.name or ""), ctx, parameter)
        with database_errors():
            return super().invoke(ctx)


class Group(AppGroup):
    """A group of commands that report an error of the database as one line."""

    command_class = Command

    def invoke(self, ctx: click.Context) -> Any:
        """Run one of them; raise `ClickException` for an error of the database."""
        with database_errors():
            return super().invoke(ctx)


UNREADABLE = "it can't be read as UTF-8: set LANG to a UTF-8 locale, and the terminal too"
ROLES = click.Choice(get_args(Role))

user = Group("user", help="Add and list customers, set passwords and roles.")
mails = Group("mail", help="Mails that wait for delivery.")


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    app.cli.add_command(user)
    app.cli.add_command(mails)
    app.cli.command("demo", cls=Command)(make_demo)
    app.cli.command("purge", cls=Command)(purge)


def make_demo() -> None:
    """Make the demo customer with invoices, and staff of the help desk, once."""
    _say_database()
    made = demo.make()
    twofactor.operator.keep_figures()  # for the page of the help desk
    state = "has been added" if made else "exists already"
    click.echo(f"The demo customer {state}. Sign in as: {demo.NAME}  Password: {demo.PASSWORD}")
    if demo.is_for_this_machine():
        demo.make_staff()
        names = " and ".join(demo.STAFF)
        click.echo(f"Staff of the help desk: {names}, with the same password.")
    else:
        click.echo("No staff was added: others reach PORTAL_PUBLIC_URL, and know the password.")


def purge() -> None:
    """Remove expired sessions, counted failures, known browsers, links and waiting addresses.

    Example: flask --app wsgi purge
    """
    _say_database()
    for what, count in upkeep.purge().items():
        click.echo(f"{count:>6}  {what}")


@user.command("create")
@click.argument("name")
@click.option("--email", required=True, help="The customer's e-mail address.")
@click.option("--password", help="Leave it out to be asked for it, or to read it from stdin.")
@click.option("--role", type=ROLES, default="customer", help="Staff use the help desk.")
def create(name: str, email: str, password: str | None, role: Role) -> None:
    """Add the customer NAME."""
    _say_database()
    try:
        made = service.create_customer(name, email, _password(password), role=role)
    except (Refused, PasswordRefused) as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"Customer {made.username} was added.")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON value for programs.")
def list_users(as_json: bool) -> None:
    """List all customers."""
    if as_json:
        _write_json(_rows())
        return
    row = None
    for row in _rows():
        factor = "two-factor on" if row["twofactor"] else "two-factor off"
        click.echo(f"{row['id']:>6}  {row['username']}  <{row['email']}>  {factor}  {row['role']}")
    if row is None:
        click.echo("There are no customers.", err=True)


@user.command("set-password")
@click.argument("name")
@click.option("--password", help="Leave it out to be asked for it, or to read it from stdin.")
def set_password(name: str, password: str | None) -> None:
    """Give the customer NAME (or the e-mail address) a new password; all sessions end."""
    _say_database()
    customer = _found(name)
    try:
        service.change_password(customer, _password(password), proved=True)
    except PasswordRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"The password of {customer.username} was changed; all sessions were signed out.")


@user.command("set-role")
@click.argument("name")
@click.argument("role", type=ROLES)
def set_role(name: str, role: Role) -> None:
    """Give the customer NAME (or the e-mail address) a role; staff use the help desk.

    It counts from the person's next request on.

    Example: flask --app wsgi user set-role ada staff
    """
    _say_database()
    customer = _found(name)
    help_desk.set_role(customer, role)
    click.echo(f"The role of {customer.username} is {role} now.")


@mails.command("send")
def send() -> None:
    """Deliver the mails that are due."""
    sent, waiting = outbox.deliver_due()
    click.echo(f"{sent} sent, {waiting} waiting.")
    if waiting:
        raise click.ClickException(
            f"{waiting} could not be delivered yet; they stay in the outbox."
        )


def _check_readable(
    value: object, ctx: click.Context | None = None, parameter: click.Parameter | None = None
) -> None:
    """Refuse text that could not be decoded; Python keeps such bytes as lone surrogates.

    Nobody could type a password with one.

    Raises:
        BadParameter: names the argument.
    """
    if isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value):
        raise click.BadParameter(UNREADABLE, ctx, parameter)


def _found(name: str) -> Customer:
    customer = find_customer(name)
    if customer is None:
        raise click.ClickException(f"There is no customer {name!r}.")
    return customer


def _say_database() -> None:
    """Name the database before it is changed: without the service's settings, it is another one.

    On standard output, since a refusal is one line on standard error.
    """
    click.echo(f"Database: {address()}")


def _rows() -> Iterator[dict[str, Any]]:
    """Yield the listed fields of each customer; a batch takes two statements."""
    for customers in in_batches():
        for customer, areas in zip(customers, twofactor.areas_of_each(customers), strict=True):
            yield {
                "id": customer.id,
                "username": customer.username,
                "email": customer.email,
                "name": customer.full_name,
                "role": customer.role,
                "created_at": customer.created_at,
                "twofactor": areas is not None,
                "areas": list(areas or ()),
            }


def _write_json(rows: Iterator[dict[str, Any]]) -> None:
    """Write a JSON array, a row in a line, some hundred at a time."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    before = "["
    while some := list(islice(rows, AT_ONCE)):
        click.echo(f"{before}\n  " + ",\n  ".join(map(encode, some)), nl=False)
        before = ","
    click.echo("[]" if before == "[" else "\n]")


def _password(given: str | None) -> str:
    """Return the password: from the option, a prompt on a terminal, or the first line of stdin."""
    if given is not None:
        return given
    try:
        if sys.stdin.isatty():
            line = str(click.prompt("New password", hide_input=True, confirmation_prompt=True))
        else:
            line = sys.stdin.readline()
    except UnicodeDecodeError:
        raise click.UsageError(f"The password: {UNREADABLE}.") from None
    if not line:
        raise click.UsageError("Give the password with --password or on standard input.")
    _check_readable(line)
    return line.rstrip("\r\n")
