"""Build the statements of tickets."""

from typing import Any, TypeVar

from sqlalchemy import (
    CompoundSelect,
    Delete,
    Insert,
    Integer,
    ScalarSelect,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    union_all,
)

T = TypeVar("T")


def good(ticket: Table) -> Any:
    """Return the condition for the requested ticket, if it has not expired."""
    return and_(
        ticket.c.digest == bindparam("digest"),
        ticket.c.kind == bindparam("kind"),
        ticket.c.expires_at > bindparam("now"),
    )


def tickets_of(ticket: Table) -> Select[Any]:
    """Return the SELECT of a user's tickets of a kind, latest end first."""
    of_user = select(ticket).where(
        ticket.c.user_id == bindparam("user"),
        ticket.c.kind == bindparam("kind"),
        ticket.c.expires_at > bindparam("now"),
    )
    return of_user.order_by(ticket.c.expires_at.desc())


def add_once(ticket: Table) -> Insert:
    """Return the INSERT of a ticket that writes no row, without an error, if the digest exists."""
    columns = [column for column in ticket.c if column.name != "sealed"]
    values = select(*(bindparam(f"new_{each.name}", type_=each.type) for each in columns))
    there = exists().where(ticket.c.digest == bindparam("new_digest"))
    statement = insert(ticket).from_select(columns, values.where(~there))
    return statement.execution_options(preserve_rowcount=True)


def counted(ticket: Table, account: Table) -> ScalarSelect[int]:
    """Return the number of a user's tickets of a kind, as a column beside the account."""
    of_user = and_(ticket.c.user_id == account.c.user_id, ticket.c.kind == bindparam("kind"))
    number = select(func.count()).select_from(ticket).where(of_user).correlate(account)
    return number.scalar_subquery()


def expired(ticket: Table) -> Select[Any]:
    """Return the SELECT of the digests of expired tickets, oldest first."""
    over = select(ticket.c.digest).where(ticket.c.expires_at <= bindparam("now"))
    return over.order_by(ticket.c.expires_at).limit(bindparam("most", type_=Integer))


def drop_unfinished(ticket: Table) -> Delete:
    """Return the DELETE of expired tickets and of a user's tickets of a kind."""
    return _drop_with_expired(ticket, _of_kind(ticket))


def drop_challenges(ticket: Table) -> Delete:
    """Return the DELETE of expired tickets and of the oldest of a user's tickets of a kind."""
    newest_first = _of_kind(ticket).order_by(ticket.c.expires_at.desc(), ticket.c.digest)
    oldest = newest_first.offset(bindparam("left", type_=Integer)).subquery("oldest")
    return _drop_with_expired(ticket, select(oldest.c.digest))


def drop_latest(ticket: Table) -> Delete:
    """Return the DELETE of expired tickets and of the latest of a user's tickets of a kind."""
    good = _of_kind(ticket).where(ticket.c.expires_at > bindparam("now"))
    oldest_first = good.order_by(ticket.c.expires_at, ticket.c.digest)
    latest = oldest_first.offset(bindparam("left", type_=Integer)).subquery("latest")
    return _drop_with_expired(ticket, select(latest.c.digest))


def _of_kind(ticket: Table) -> Select[str]:
    """Return the SELECT of the digests of a user's tickets of a kind."""
    return select(ticket.c.digest).where(
        ticket.c.user_id == bindparam("user"), ticket.c.kind == bindparam("kind")
    )


def _drop_with_expired(ticket: Table, digests: Select[str]) -> Delete:
    """Return the DELETE of tickets and of expired ones.

    Each half of the UNION uses its own index.
    """
    over = expired(ticket).subquery("over")
    gone = union_all(select(over.c.digest), digests)
    return delete(ticket).where(ticket.c.digest.in_(listed(gone)))


def listed(rows: Select[T] | CompoundSelect[T]) -> Select[T]:
    """Return a SELECT from a list of rows, which is made before the statement around it runs.

    MySQL refuses LIMIT within IN, and to read the table that it changes.
    """
    made = rows.subquery("listed")
    return select(made.c[0])
