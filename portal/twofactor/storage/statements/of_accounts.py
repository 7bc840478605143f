"""Build the statements of accounts, authenticators and events."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    func,
    literal_column,
    not_,
    or_,
    select,
    union_all,
    update,
)

from ...core.records import ATTEMPTS, KNOWN, MADE_RECOVERY_CODE
from ..rows import whole_account
from ..tables import Tables
from .of_tickets import good


def events_of(event: Table) -> CompoundSelect[Any]:
    """Return the SELECT of a user's latest changes and as many latest attempts, unordered."""
    of_user = select(event).where(event.c.user_id == bindparam("user"))
    attempt = _one_of(event, ATTEMPTS)
    halves = []
    for condition in (not_(attempt), attempt):
        latest = of_user.where(condition).order_by(event.c.id.desc())
        # SQLite takes no LIMIT in a part of a UNION.
        halves.append(select(latest.limit(bindparam("most", type_=Integer)).subquery()))
    return union_all(*halves)


def _one_of(event: Table, kinds: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition for kinds of events.

    The kinds are written into the statement, since a list of parameters would be expanded at each
    execution.
    """
    return event.c.kind.in_([literal_column(f"'{kind}'") for kind in sorted(kinds)])


def with_recovery(tables: Tables, statement: Select[Any]) -> Select[Any]:
    """Add the time of the latest recovery code to a SELECT of an account."""
    account, event = tables.account, tables.event
    made = select(event.c.at).where(
        event.c.user_id == account.c.user_id,
        event.c.at >= account.c.activated_at,
        _one_of(event, MADE_RECOVERY_CODE),
    )
    latest = made.order_by(event.c.id.desc()).limit(literal_column("1")).correlate(account)
    return statement.add_columns(latest.scalar_subquery().label("recovery_since"))


def waiting(tables: Tables) -> Select[Any]:
    """Return the SELECT of a ticket with the account of its user."""
    account, ticket = tables.account, tables.ticket
    columns = [column.label(f"ticket_{column.name}") for column in ticket.c]
    return (
        whole_account(tables)
        .add_columns(*columns)
        .join(ticket, ticket.c.user_id == account.c.user_id)
        .where(good(ticket))
    )


def of_credential(tables: Tables) -> Select[Any]:
    """Return the SELECT of the account that has a passkey."""
    account, authenticator = tables.account, tables.authenticator.alias("named")
    owner = select(authenticator.c.user_id).where(
        authenticator.c.credential == bindparam("credential")
    )
    return whole_account(tables).where(account.c.user_id == owner.scalar_subquery())


def with_browser(tables: Tables, statement: Select[Any]) -> Select[Any]:
    """Add the known browser of the request and the number of known browsers to a SELECT."""
    account = tables.account
    this, each = tables.ticket.alias("this_browser"), tables.ticket.alias("each_browser")

    def of_user(ticket: Any) -> Any:
        return and_(
            ticket.c.user_id == account.c.user_id,
            ticket.c.kind == KNOWN,
            ticket.c.expires_at > bindparam("now"),
        )

    counted = select(func.count()).select_from(each).where(of_user(each)).correlate(account)
    return statement.add_columns(
        this.c.area.label("browser_bound"),
        this.c.expires_at.label("browser_until"),
        counted.scalar_subquery().label("browsers"),
    ).outerjoin(this, and_(this.c.digest == bindparam("known"), of_user(this)))


def take_step(authenticator: Table) -> Update:
    """Return the UPDATE of a time step, which only a later one follows."""
    step = bindparam("step", type_=BigInteger)
    return _taken(authenticator, step).where(authenticator.c.last_step < step)


def take_counter(authenticator: Table) -> Update:
    """Return the UPDATE of a signature counter; a passkey without one says 0 each time."""
    count = bindparam("step", type_=BigInteger)
    last = authenticator.c.last_step
    grows = or_(last < count, and_(last == 0, count == 0))
    return _taken(authenticator, count).where(grows).values(flags=bindparam("flags"))


def _taken(authenticator: Table, number: BindParameter[int]) -> Update:
    return (
        update(authenticator)
        .where(authenticator.c.id == bindparam("authenticator"))
        .values(
            last_step=number,
            last_used_at=bindparam("now"),
            failures_at_use=bindparam("counted"),
            known_at_use=bindparam("known"),
        )
    )
