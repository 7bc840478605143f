"""Read whole tables in batches by primary key, so that memory use stays bounded."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Table, exists, literal, or_, select, tuple_, update

from ..core.records import Account, Event, Ticket
from ..core.throttle import CODES
from .rows import (
    SealedValue,
    account_of,
    event_of,
    having_account,
    ticket_of,
    whole_account,
)
from .tables import Tables
from .transactions import Transactions

EVENT_FIELDS = tuple(each.name for each in fields(Event))


def accounts(
    transactions: Transactions,
    tables: Tables,
    batch: int,
    wanted: Sequence[ColumnElement[bool]],
) -> Iterator[Account]:
    """Yield all accounts in the order of their keys.

    Args:
        transactions: opens the connections.
        tables: the tables.
        batch: number of accounts in a SELECT.
        wanted: only accounts that fulfil all of these (`conditions`).
    """
    account, last = tables.account, ""
    while True:
        statement = select(account.c.user_id).where(account.c.user_id > last, *wanted)
        with transactions.reading() as connection:
            keys = list(connection.scalars(statement.order_by(account.c.user_id).limit(batch)))
        if not keys:
            return
        found = accounts_of(transactions, tables, keys)
        yield from (found[key] for key in keys if key in found)
        last = keys[-1]


def accounts_of(
    transactions: Transactions, tables: Tables, keys: Sequence[str]
) -> dict[str, Account]:
    """Return the accounts of users by their keys, in one SELECT."""
    if not keys:
        return {}
    statement = whole_account(tables).where(tables.account.c.user_id.in_(keys))
    with transactions.reading() as connection:
        rows = connection.execute(statement).all()
    grouped: dict[str, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.user_id, []).append(row)
    return {key: account_of(rows) for key, rows in grouped.items()}


def conditions(
    tables: Tables, area: str | None, tried: bool, passkeys: bool | None
) -> list[ColumnElement[bool]]:
    """Return the conditions on accounts.

    Args:
        tables: the tables.
        area: only accounts that protect the area with this key.
        tried: only accounts that may be held because of past attempts.
        passkeys: only accounts with a passkey, or without any; `None` for both.
    """
    account, of_user = tables.account, tables.authenticator.c
    found: list[ColumnElement[bool]] = []
    if passkeys is not None:
        has_one = exists().where(
            of_user.user_id == account.c.user_id, of_user.credential.is_not(None)
        )
        found.append(has_one if passkeys else ~has_one)
    if area is not None:
        found.append((literal(" ") + account.c.areas + " ").contains(f" {area} ", autoescape=True))
    if tried:
        run = account.c.failures - account.c.failures_cleared
        found.append(
            or_(
                account.c.failures_recent != "",
                account.c.recovery_recent != "",
                run >= (CODES.lock_after or 0),
            )
        )
    return found


def with_account(transactions: Transactions, tables: Tables, keys: Sequence[str]) -> frozenset[str]:
    """Return the keys whose users have an account."""
    with transactions.reading() as connection:
        return frozenset(connection.scalars(having_account(tables, keys)))


def events(
    transactions: Transactions,
    tables: Tables,
    batch: int,
    user_id: str | None,
    since: int | None,
) -> Iterator[Event]:
    """Yield the events, oldest first, by the index of the user, of the time or of the id."""
    event, last = tables.event, (since or 0, 0)
    while True:
        statement = select(*(event.c[name] for name in EVENT_FIELDS)).limit(batch)
        if user_id is not None or since is None:
            statement = statement.where(event.c.id > last[1]).order_by(event.c.id)
        else:
            later = tuple_(event.c.at, event.c.id) > last
            statement = statement.where(event.c.at >= last[0], later)
            statement = statement.order_by(event.c.at, event.c.id)
        if user_id is not None:
            statement = statement.where(event.c.user_id == user_id)
        if since is not None:
            statement = statement.where(event.c.at >= since)
        with transactions.reading() as connection:
            rows = connection.execute(statement).all()
        if not rows:
            return
        for row in rows:
            yield Event(*row)
        last = rows[-1].at, rows[-1].id


def activity(
    transactions: Transactions,
    tables: Tables,
    user_id: str,
    kinds: ColumnElement[bool],
    before: int | None,
    most: int,
) -> list[Event]:
    """Return a user's latest events before the one with this number, newest first."""
    event = tables.event
    statement = select(event).where(event.c.user_id == user_id, kinds)
    if before is not None:
        statement = statement.where(event.c.id < before)
    with transactions.reading() as connection:
        rows = connection.execute(statement.order_by(event.c.id.desc()).limit(most)).all()
    return [event_of(row) for row in rows]


def tickets(transactions: Transactions, tables: Tables, user_id: str) -> list[Ticket]:
    """Return all tickets of a user that are stored, also expired ones, first end first."""
    ticket = tables.ticket
    statement = select(ticket).where(ticket.c.user_id == user_id)
    with transactions.reading() as connection:
        rows = connection.execute(statement.order_by(ticket.c.expires_at, ticket.c.digest)).all()
    return [ticket_of(row) for row in rows]


def sealed_values(transactions: Transactions, tables: Tables, batch: int) -> Iterator[SealedValue]:
    """Yield every sealed value: the secrets of authenticators and the data of tickets."""
    for name, table, key in (
        ("authenticator", tables.authenticator, "id"),
        ("ticket", tables.ticket, "digest"),
    ):
        yield from _sealed(transactions, name, table, key, batch)


def _sealed(
    transactions: Transactions, name: str, table: Table, key: str, batch: int
) -> Iterator[SealedValue]:
    column, last = table.c[key], ""
    while True:
        statement = (
            select(column, table.c.user_id, table.c.kind, table.c.sealed)
            .where(column > last, table.c.sealed.is_not(None))
            .order_by(column)
            .limit(batch)
        )
        with transactions.reading() as connection:
            rows = connection.execute(statement).all()
        if not rows:
            return
        for row in rows:
            yield SealedValue(name, *row)
        last = rows[-1][0]


def reseal(transactions: Transactions, tables: Tables, value: SealedValue, fresh: bytes) -> bool:
    """Replace a sealed value; `False` if it has changed since it was read."""
    table = tables.authenticator if value.table == "authenticator" else tables.ticket
    key = table.c.id if value.table == "authenticator" else table.c.digest
    statement = (
        update(table)
        .where(key == value.row_id, table.c.sealed == value.sealed)
        .values(sealed=fresh)
    )
    return transactions.run(lambda connection: connection.execute(statement).rowcount == 1)
