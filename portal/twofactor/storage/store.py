"""The store: read the two-factor state, and run transactions that change it."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, and_, true

from ..core.errors import Refusal
from ..core.help_desk.kinds import KINDS as HELP_DESK
from ..core.records import ATTEMPTS, Account, Event, Glance, Ticket
from . import inspection, sweep
from .counting import Counting
from .rows import SealedValue, event_of, keys_of, ticket_of
from .statements import prepare
from .tables import Tables
from .ticket_changes import Joins
from .transaction import Transaction
from .transactions import Transactions

T = TypeVar("T")


class Tell(Protocol):
    """Function that tells the host of a change; called after the commit."""

    def __call__(self, name: str, user_id: str, **facts: Any) -> None: ...


class Store(Counting):
    """The two-factor state of all users."""

    def __init__(
        self,
        transactions: Transactions,
        tables: Tables,
        clock: Callable[[], float] = time.time,
        joins: Joins | None = None,
        tell: Tell | None = None,
    ) -> None:
        """Prepare the statements.

        Args:
            transactions: opens connections and transactions.
            tables: the tables in the host's metadata.
            clock: returns Unix seconds.
            joins: function of the host that writes in the transaction of a change.
            tell: tells the host of a change after its commit.
        """
        self._transactions = transactions
        self._tables = tables
        self._statements = prepare(tables)
        self._clock = clock
        self.joins = joins
        self._tell = tell

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Do the work in one transaction (`Transactions.run`), then tell the host of its changes.

        A `Refusal` commits as well, together with the changes before it.
        """
        done: list[Transaction] = []

        def once(connection: Connection) -> T:
            done[:] = [self._transaction(connection)]
            return work(done[0])

        try:
            result = self._transactions.run(once)
        except Refusal:
            self._tell_of(done)
            raise
        self._tell_of(done)
        return result

    def _tell_of(self, done: list[Transaction]) -> None:
        if self._tell is not None:
            for transaction in done:
                for user_id, change, facts in transaction.changes:
                    self._tell(change.name, user_id, **facts)

    def join(self, connection: Connection, work: Callable[[Transaction], T]) -> T:
        """Do the work in a transaction of the host, which commits it or rolls it back."""
        return work(self._transaction(connection))

    def _transaction(self, connection: Connection) -> Transaction:
        return Transaction(connection, self._tables, self._statements, self._clock, self.joins)

    def glance(
        self,
        user_id: str,
        kind: str,
        area: str,
        digest: str | None,
        now: float,
        carried: str | None = None,
    ) -> Glance:
        """Read all that the guard needs, in one SELECT by keys.

        Args:
            user_id: key of the user.
            kind: kind of the requested ticket.
            area: area of the requested ticket.
            digest: digest of the requested ticket, `None` to request no ticket.
            now: Unix seconds.
            carried: digest of the continuation in the request, if there is one.
        """
        values: dict[str, Any] = {"user": user_id}
        statement = self._statements.glance
        if digest is not None or carried is not None:
            statement = self._statements.glance_with_ticket
            values |= {"digest": digest or "", "kind": kind, "area": area, "now": int(now)}
        if carried is not None:
            statement = self._statements.glance_carried
            values["carried"] = carried
        with self._transactions.glancing() as connection:
            row = connection.execute(statement, values).first()
        if row is None:
            return Glance(None)
        executed_at = int(row[3]) if carried is not None and row[3] is not None else None
        has_ticket = digest is not None and row[2] is not None
        no_recovery = digest is not None and carried is None and bool(row[3])
        areas, only = keys_of(row[0])
        return Glance(areas, has_ticket, executed_at, row[1], only, no_recovery)

    def account(self, user_id: str, known: str | None = None) -> Account | None:
        """Return the account of a user. Before a change, read it in the transaction instead.

        Args:
            user_id: the host's string for the user.
            known: as in `Transaction.account_asked`; `None` to leave the known browser out.
        """
        with self._transactions.reading() as connection:
            transaction = self._transaction(connection)
            if known is None:
                return transaction.account(user_id)
            return transaction.account_asked(user_id, known, self._clock(), lock=False)

    def kinds(self, user_id: str) -> tuple[int, int]:
        """Return how many authenticator apps and how many passkeys a user has, in one SELECT."""
        with self._transactions.glancing() as connection:
            row = connection.execute(self._statements.kinds, {"user": user_id}).one()
        return row[0] - row[1], row[1]

    def ticket(self, digest: str, kind: str, now: float) -> Ticket | None:
        """Return a ticket that has not expired, without using it up."""
        values = {"digest": digest, "kind": kind, "now": int(now)}
        with self._transactions.reading() as connection:
            row = connection.execute(self._statements.ticket, values).first()
        return None if row is None else ticket_of(row)

    def waiting(self, digest: str, kind: str, now: float) -> tuple[Ticket, Account] | None:
        """Return a ticket that has not expired and its user's account, without using it up."""
        with self._transactions.reading() as connection:
            return self._transaction(connection).waiting(digest, kind, now)

    def tickets(self, user_id: str, kind: str, now: float) -> list[Ticket]:
        """Return a user's tickets of a kind, latest end first."""
        values = {"user": user_id, "kind": kind, "now": int(now)}
        with self._transactions.reading() as connection:
            found = connection.execute(self._statements.tickets, values)
            return [ticket_of(row) for row in found]

    def accounts(
        self,
        batch: int,
        *,
        area: str | None = None,
        tried: bool = False,
        passkeys: bool | None = None,
    ) -> Iterator[Account]:
        """Yield all accounts (`sweep.accounts`)."""
        wanted = sweep.conditions(self._tables, area, tried, passkeys)
        return sweep.accounts(self._transactions, self._tables, batch, wanted)

    def accounts_of(self, keys: Sequence[str]) -> dict[str, Account]:
        """Return the accounts of users by their keys, in one SELECT."""
        return sweep.accounts_of(self._transactions, self._tables, keys)

    def with_account(self, keys: Sequence[str]) -> frozenset[str]:
        """Return the keys whose users have an account."""
        return sweep.with_account(self._transactions, self._tables, keys)

    def all_events(self, batch: int, user_id: str | None, since: int | None) -> Iterator[Event]:
        """Yield the events, oldest first (`sweep.events`)."""
        return sweep.events(self._transactions, self._tables, batch, user_id, since)

    def all_tickets(self, user_id: str) -> list[Ticket]:
        """Return all tickets of a user that are stored (`sweep.tickets`)."""
        return sweep.tickets(self._transactions, self._tables, user_id)

    def sealed_values(self, batch: int) -> Iterator[SealedValue]:
        """Yield every sealed value (`sweep.sealed_values`)."""
        return sweep.sealed_values(self._transactions, self._tables, batch)

    def reseal(self, value: SealedValue, fresh: bytes) -> bool:
        """Replace a sealed value; `False` if it has changed since it was read."""
        return sweep.reseal(self._transactions, self._tables, value, fresh)

    def describe(self) -> str:
        """Return name and version of the database."""
        return inspection.describe(self._transactions)

    def address(self) -> str:
        """Return the address of the database without a password (`inspection.address`)."""
        return inspection.address(self._transactions)

    def isolation(self) -> str:
        """Return the isolation level of transactions that write."""
        return inspection.isolation(self._transactions)

    def sqlite_settings(self) -> tuple[str, int] | None:
        """Return journal mode and busy timeout (ms) of SQLite, `None` for other databases."""
        return inspection.sqlite_settings(self._transactions)

    def shows_the_past(self) -> bool:
        """Return whether a statement misses another node's commit (`inspection.shows_the_past`)."""
        return inspection.shows_the_past(self._transactions)

    def lacking(self) -> list[str]:
        """Return the names of the tables that are missing in the database."""
        return inspection.lacking(self._transactions, self._tables)

    def incomplete(self) -> list[str]:
        """Return the names of the columns and indexes that are missing in existing tables."""
        return inspection.incomplete(self._transactions, self._tables)

    def inexact(self) -> list[str]:
        """Return the text columns that take different texts for the same (`inspection.inexact`)."""
        return inspection.inexact(self._transactions, self._tables)

    def version(self) -> int:
        """Return the version of the tables in the database."""
        from .. import migrations  # only operators need it

        with self._transactions.reading() as connection:
            return migrations.version_of(connection, self._tables.account.schema)

    def upgrade(self) -> tuple[int, int]:
        """Upgrade the tables to the newest version (`migrations.take_up`)."""
        from .. import migrations

        return self._transactions.alone(
            lambda engine: migrations.take_up(engine, self._tables.account.metadata)
        )

    def probe(self) -> None:
        """Select every column but no rows; raises `StorageUnavailable` (`inspection.probe`)."""
        inspection.probe(self._transactions, self._tables)

    def sample(self, start: str, most: int) -> list[SealedValue]:
        """Return some sealed secrets of authenticators (`inspection.sample`)."""
        return inspection.sample(self._transactions, self._tables, start, most)

    def clock(self) -> float:
        """Return the time of the database, Unix seconds."""
        return inspection.clock(self._transactions)

    def events(self, user_id: str, limit: int) -> list[Event]:
        """Return a user's latest changes and as many latest attempts, newest first."""
        values = {"user": user_id, "most": limit}
        with self._transactions.reading() as connection:
            found = connection.execute(self._statements.events, values).all()
        return sorted(map(event_of, found), key=lambda event: -event.id)

    def activity(
        self, user_id: str, show: str, before: int | None, most: int, hidden: Collection[str]
    ) -> list[Event]:
        """Return a user's events, newest first.

        Args:
            user_id: the user.
            show: "changes", "codes" (the attempts), "desk" (what an agent did), or "all".
            before: only events with a smaller number.
            most: how many at most.
            hidden: kinds that are left out.
        """
        kind = self._tables.event.c.kind
        kinds = {"changes": kind.not_in(ATTEMPTS), "codes": kind.in_(ATTEMPTS)}
        kinds["desk"] = kind.in_(HELP_DESK)
        wanted = and_(kind.not_in(hidden), kinds.get(show, true()))
        return sweep.activity(self._transactions, self._tables, user_id, wanted, before, most)
