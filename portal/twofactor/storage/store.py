"""What is asked of the database and done to it. Each change of state is one atomic statement."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from ..core.records import Account, Authenticator, Event, Glance, Ticket
from ..core.throttle import Figures
from .engine import Transactions
from .tables import Tables

T = TypeVar("T")


def _times(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",")) if text else ()


def _text(times: tuple[int, ...]) -> str:
    return ",".join(map(str, times))


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Store:
    """The two-factor state of all users."""

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables
        self._glance, self._glance_with_ticket = _glances(tables)

    def run(self, work: Callable[["Transaction"], T]) -> T:
        """Do the work in one transaction (`Transactions.run`)."""
        return self._transactions.run(
            lambda connection: work(Transaction(connection, self._tables))
        )

    def glance(self, user_id: str, kind: str, area: str, digest: str | None, now: float) -> Glance:
        """What the guard asks, in one SELECT by primary keys."""
        values: dict[str, Any] = {"user": user_id}
        statement = self._glance
        if digest is not None:
            statement = self._glance_with_ticket
            values |= {"digest": digest, "kind": kind, "area": area, "now": int(now)}
        with self._transactions.reading() as connection:
            row = connection.execute(statement, values).first()
        if row is None:
            return Glance(None)
        return Glance(_keys(row[0]), digest is not None and row[1] is not None)

    def account(self, user_id: str) -> Account | None:
        """The account as it is now; to change it, read it in a transaction."""
        with self._transactions.reading() as connection:
            return Transaction(connection, self._tables).account(user_id)

    def ticket(self, digest: str, kind: str, now: float) -> Ticket | None:
        """A ticket that is still good, left where it is."""
        ticket = self._tables.ticket
        statement = select(ticket).where(
            ticket.c.digest == digest, ticket.c.kind == kind, ticket.c.expires_at > int(now)
        )
        with self._transactions.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else _ticket(row)

    def events(self, user_id: str, limit: int) -> list[Event]:
        """The latest events of a user, newest first."""
        event = self._tables.event
        statement = (
            select(event)
            .where(event.c.user_id == user_id)
            .order_by(event.c.id.desc())
            .limit(limit)
        )
        with self._transactions.reading() as connection:
            return [_event(row) for row in connection.execute(statement)]


class Transaction:
    """The changes, on an open transaction. A `bool` says whether the one row was hit."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables

    def account(self, user_id: str, *, lock: bool = False) -> Account | None:
        """The account with its authenticators, in one SELECT.

        Args:
            user_id: the host's string for the user.
            lock: queue here until the transactions before are over.
        """
        statement = _whole_account(self._tables).where(
            self._tables.account.c.user_id == user_id
        )
        if lock:
            statement = statement.with_for_update(of=self._tables.account)
        rows = self._connection.execute(statement).all()
        return _account(rows) if rows else None

    def pending(self, digest: str, kind: str, now: float) -> tuple[Ticket, Account] | None:
        """A ticket with the account of its user, in one SELECT that queues on the account."""
        ticket = self._tables.ticket
        columns = [column.label(f"ticket_{column.name}") for column in ticket.c]
        statement = (
            _whole_account(self._tables)
            .add_columns(*columns)
            .join(ticket, ticket.c.user_id == self._tables.account.c.user_id)
            .where(
                ticket.c.digest == digest, ticket.c.kind == kind, ticket.c.expires_at > int(now)
            )
            .with_for_update(of=self._tables.account)
        )
        rows = self._connection.execute(statement).all()
        if not rows:
            return None
        return Ticket(*(rows[0]._mapping[f"ticket_{c.name}"] for c in ticket.c)), _account(rows)

    def add_account(self, account: Account) -> None:
        """Write a new account; one that is there already is an integrity error."""
        self._connection.execute(
            insert(self._tables.account).values(
                user_id=account.user_id,
                areas=" ".join(sorted(account.areas)),
                activated_at=account.activated_at,
                recovery_hash=account.recovery_hash,
            )
        )

    def add_authenticator(self, authenticator: Authenticator) -> None:
        """Write a new authenticator."""
        self._connection.execute(
            insert(self._tables.authenticator).values(
                id=authenticator.id,
                user_id=authenticator.user_id,
                kind=authenticator.kind,
                name=authenticator.name,
                sealed=authenticator.sealed,
                last_step=authenticator.last_step,
                failures_at_use=authenticator.failures_at_use,
                created_at=authenticator.created_at,
                last_used_at=authenticator.last_used_at,
            )
        )

    def take_step(self, authenticator_id: str, step: int, failures: int, now: float) -> bool:
        """Use up a time step; `False` when it, or a later one, was used before (RFC 6238 5.2)."""
        authenticator = self._tables.authenticator
        return self._hit(
            update(authenticator)
            .where(authenticator.c.id == authenticator_id, authenticator.c.last_step < step)
            .values(last_step=step, last_used_at=int(now), failures_at_use=failures)
        )

    def count_failure(self, account: Account, codes: Figures) -> bool:
        """Count a wrong code; `False` when another was counted since the account was read."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(table.c.user_id == account.user_id, table.c.failures == account.failures)
            .values(failures=account.failures + 1, failures_recent=_text(codes.recent))
        )

    def count_recovery(self, account: Account, figures: Figures) -> bool:
        """Count a recovery code before it is judged."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(
                table.c.user_id == account.user_id,
                table.c.recovery_attempts == account.recovery_attempts,
            )
            .values(
                recovery_attempts=account.recovery_attempts + 1,
                recovery_recent=_text(figures.recent),
            )
        )

    def set_areas(self, account: Account, areas: frozenset[str]) -> bool:
        """Change the choice; `False` when it was changed since the account was read."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(
                table.c.user_id == account.user_id,
                table.c.areas == " ".join(sorted(account.areas)),
            )
            .values(areas=" ".join(sorted(areas)))
        )

    def set_recovery(self, user_id: str, hashed: str) -> bool:
        """Replace the recovery code; the one before is void."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(table.c.user_id == user_id)
            .values(recovery_hash=hashed, recovery_recent="")
        )

    def remove_account(self, user_id: str, recovery_hash: str | None = None) -> bool:
        """Remove account, authenticators and tickets; `False` when another was first.

        Args:
            user_id: the host's string for the user.
            recovery_hash: remove only while this is the account's recovery code.
        """
        account, authenticator = self._tables.account, self._tables.authenticator
        of_user = account.c.user_id == user_id
        # The lock of the account comes first, as in every other transaction.
        locked = select(account.c.recovery_hash).where(of_user).with_for_update()
        found = self._connection.execute(locked).first()
        if found is None or (recovery_hash is not None and found[0] != recovery_hash):
            return False
        self._connection.execute(delete(authenticator).where(authenticator.c.user_id == user_id))
        self.drop_tickets(user_id)
        return self._hit(delete(account).where(of_user))

    def add_ticket(self, ticket: Ticket) -> None:
        """Write a ticket."""
        self._connection.execute(
            insert(self._tables.ticket).values(
                digest=ticket.digest,
                user_id=ticket.user_id,
                kind=ticket.kind,
                area=ticket.area,
                sealed=ticket.sealed,
                expires_at=ticket.expires_at,
            )
        )

    def take_ticket(
        self, digest: str, kind: str, user_id: str, now: float, area: str = ""
    ) -> Ticket | None:
        """Use a ticket up: one DELETE that must hit its one row."""
        ticket = self._tables.ticket
        row = self._connection.execute(
            delete(ticket)
            .where(
                ticket.c.digest == digest,
                ticket.c.user_id == user_id,
                ticket.c.kind == kind,
                ticket.c.area == area,
                ticket.c.expires_at > int(now),
            )
            .returning(*ticket.c)
        ).first()
        return None if row is None else _ticket(row)

    def drop_tickets(self, user_id: str) -> None:
        """End everything half done of a user."""
        ticket = self._tables.ticket
        self._connection.execute(delete(ticket).where(ticket.c.user_id == user_id))

    def drop_expired_tickets(self, now: float) -> int:
        """Remove the tickets of all users that are over; the number of them."""
        ticket = self._tables.ticket
        expired = delete(ticket).where(ticket.c.expires_at <= int(now))
        return self._connection.execute(expired).rowcount

    def drop_events(self, user_id: str) -> None:
        """Remove the record of a user who is gone."""
        event = self._tables.event
        self._connection.execute(delete(event).where(event.c.user_id == user_id))

    def record(self, event: Event) -> None:
        """Write one event."""
        self._connection.execute(
            insert(self._tables.event).values(
                user_id=event.user_id,
                at=event.at,
                kind=event.kind,
                area=event.area,
                address=event.address,
                detail=event.detail,
            )
        )

    def _hit(self, statement: Any) -> bool:
        return bool(self._connection.execute(statement).rowcount == 1)


def _glances(tables: Tables) -> tuple[Select[Any], Select[Any]]:
    account, ticket = tables.account, tables.ticket
    of_user = account.c.user_id == bindparam("user")
    joined = account.outerjoin(
        ticket,
        and_(
            ticket.c.digest == bindparam("digest"),
            ticket.c.user_id == account.c.user_id,
            ticket.c.kind == bindparam("kind"),
            ticket.c.area == bindparam("area"),
            ticket.c.expires_at > bindparam("now"),
        ),
    )
    return (
        select(account.c.areas).where(of_user),
        select(account.c.areas, ticket.c.digest).select_from(joined).where(of_user),
    )


def _whole_account(tables: Tables) -> Select[Any]:
    account, authenticator = tables.account, tables.authenticator
    joined = account.outerjoin(authenticator, authenticator.c.user_id == account.c.user_id)
    columns = [column.label(f"of_{column.name}") for column in authenticator.c]
    return (
        select(account, *columns)
        .select_from(joined)
        .order_by(authenticator.c.created_at, authenticator.c.id)
    )


def _account(rows: "list[Row[Any]] | Any") -> Account:
    first = rows[0]
    authenticators = tuple(_authenticator(row) for row in rows if row.of_id is not None)
    # Wrong codes in a row: those since an authenticator was last right, or an operator unlocked.
    cleared = max(first.failures_cleared, *(each.failures_at_use for each in authenticators), 0)
    return Account(
        user_id=first.user_id,
        areas=_keys(first.areas),
        activated_at=first.activated_at,
        recovery_hash=first.recovery_hash,
        failures=first.failures,
        codes=Figures(first.failures - cleared, _times(first.failures_recent)),
        recovery_attempts=first.recovery_attempts,
        recovery=Figures(first.recovery_attempts, _times(first.recovery_recent)),
        authenticators=authenticators,
    )


def _authenticator(row: "Row[Any]") -> Authenticator:
    return Authenticator(
        id=row.of_id,
        user_id=row.user_id,
        kind=row.of_kind,
        name=row.of_name,
        sealed=row.of_sealed,
        last_step=row.of_last_step,
        created_at=row.of_created_at,
        last_used_at=row.of_last_used_at,
        failures_at_use=row.of_failures_at_use,
    )


def _ticket(row: "Row[Any]") -> Ticket:
    return Ticket(row.digest, row.user_id, row.kind, row.area, row.sealed, row.expires_at)


def _event(row: "Row[Any]") -> Event:
    return Event(row.user_id, row.at, row.kind, row.area, row.address, row.detail, row.id)
