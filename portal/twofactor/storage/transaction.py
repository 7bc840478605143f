"""The changes of state, each one atomic statement, on an open transaction."""

from typing import Any

from sqlalchemy import Connection, delete, select, update

from ..core.records import Account, Authenticator, Event, Ticket
from ..core.throttle import Figures
from .rows import account_of, keys_as_text, ticket_of, times_as_text
from .statements import Statements
from .tables import Tables


class Transaction:
    """The changes, on an open transaction. A `bool` says whether the one row was hit."""

    def __init__(self, connection: Connection, tables: Tables, statements: Statements) -> None:
        self._connection = connection
        self._tables = tables
        self._statements = statements

    @property
    def connection(self) -> Connection:
        """For what the host writes together with a change."""
        return self._connection

    def account(self, user_id: str, *, lock: bool = False) -> Account | None:
        """The account with its authenticators, in one SELECT.

        Args:
            user_id: the host's string for the user.
            lock: queue here until the transactions before are over.
        """
        statements = self._statements
        statement = statements.account_locked if lock else statements.account
        rows = self._connection.execute(statement, {"user": user_id}).all()
        return account_of(rows) if rows else None

    def pending(self, digest: str, kind: str, now: float) -> tuple[Ticket, Account] | None:
        """A ticket with the account of its user, in one SELECT that queues on both."""
        values = {"digest": digest, "kind": kind, "now": int(now)}
        rows = self._connection.execute(self._statements.pending, values).all()
        if not rows:
            return None
        first = rows[0]._mapping
        columns = self._tables.ticket.c
        return Ticket(*(first[f"ticket_{column.name}"] for column in columns)), account_of(rows)

    def add_account(self, account: Account) -> None:
        """Write a new account; one that is there already is an integrity error."""
        values = {
            "user_id": account.user_id,
            "areas": keys_as_text(account.areas),
            "activated_at": account.activated_at,
            "recovery_hash": account.recovery_hash,
        }
        self._connection.execute(self._statements.add_account, values)

    def add_authenticator(self, authenticator: Authenticator) -> None:
        """Write a new authenticator."""
        values = {
            "id": authenticator.id,
            "user_id": authenticator.user_id,
            "kind": authenticator.kind,
            "name": authenticator.name,
            "sealed": authenticator.sealed,
            "last_step": authenticator.last_step,
            "failures_at_use": authenticator.failures_at_use,
            "known_at_use": authenticator.known_at_use,
            "created_at": authenticator.created_at,
            "last_used_at": authenticator.last_used_at,
        }
        self._connection.execute(self._statements.add_authenticator, values)

    def name_authenticator(self, authenticator: Authenticator, name: str) -> bool:
        """Call an authenticator otherwise."""
        table = self._tables.authenticator
        return self._hit(update(table).where(table.c.id == authenticator.id).values(name=name))

    def remove_authenticator(self, authenticator: Authenticator, failures: int) -> bool:
        """Remove one of several authenticators.

        Wrong codes up to `failures` stay cleared: which authenticator was right last is forgotten.
        """
        account, table = self._tables.account, self._tables.authenticator
        of_user = account.c.user_id == authenticator.user_id
        self._connection.execute(update(account).where(of_user).values(failures_cleared=failures))
        return self._hit(delete(table).where(table.c.id == authenticator.id))

    def take_step(self, authenticator_id: str, step: int, failures: int, now: float) -> bool:
        """Use up a time step; `False` when it, or a later one, was used before (RFC 6238 5.2)."""
        return self._hit(
            self._statements.take_step,
            authenticator=authenticator_id,
            step=step,
            now=int(now),
            counted=failures,
        )

    def count_failure(self, account: Account, codes: Figures) -> bool:
        """Count a wrong code; `False` when another was counted since the account was read."""
        return self._hit(
            self._statements.count_failure,
            user=account.user_id,
            before=account.failures,
            after=account.failures + 1,
            times=times_as_text(codes.recent),
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
                recovery_recent=times_as_text(figures.recent),
            )
        )

    def set_areas(self, account: Account, areas: frozenset[str]) -> bool:
        """Change the choice; `False` when it was changed since the account was read."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(
                table.c.user_id == account.user_id,
                table.c.areas == keys_as_text(account.areas),
            )
            .values(areas=keys_as_text(areas))
        )

    def set_recovery(self, user_id: str, hashed: str) -> bool:
        """Replace the recovery code; the one before is void."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(table.c.user_id == user_id)
            .values(recovery_hash=hashed, recovery_recent="")
        )

    def clear_throttle(self, user_id: str) -> bool:
        """Forget the wrong answers of before."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(table.c.user_id == user_id)
            .values(failures_cleared=table.c.failures, failures_recent="", recovery_recent="")
        )

    def drop_ticket(self, digest: str, kind: str, user_id: str) -> bool:
        """Remove one ticket of a user."""
        ticket = self._tables.ticket
        return self._hit(
            delete(ticket).where(
                ticket.c.digest == digest, ticket.c.kind == kind, ticket.c.user_id == user_id
            )
        )

    def remove_account(self, user_id: str, recovery_hash: str | None = None) -> bool:
        """Remove account, authenticators and tickets; `False` when another was first.

        Args:
            user_id: the host's string for the user.
            recovery_hash: remove only while this is the account's recovery code.
        """
        statements, of_user = self._statements, {"user": user_id}
        # The lock of the account comes first, as in every other transaction.
        found = self._connection.execute(statements.recovery_locked, of_user).first()
        if found is None or (recovery_hash is not None and found[0] != recovery_hash):
            return False
        self._connection.execute(statements.drop_authenticators, of_user)
        self.drop_tickets(user_id)
        return self._hit(statements.drop_account, **of_user)

    def add_ticket(self, ticket: Ticket) -> None:
        """Write a ticket."""
        values = {
            "digest": ticket.digest,
            "user_id": ticket.user_id,
            "kind": ticket.kind,
            "area": ticket.area,
            "sealed": ticket.sealed,
            "expires_at": ticket.expires_at,
        }
        self._connection.execute(self._statements.add_ticket, values)

    def take_ticket(
        self, digest: str, kind: str, user_id: str, now: float, area: str = ""
    ) -> Ticket | None:
        """Use a ticket up: one DELETE that must hit its one row."""
        values = {"digest": digest, "kind": kind, "user": user_id, "area": area, "now": int(now)}
        row = self._connection.execute(self._statements.take_ticket, values).first()
        return None if row is None else ticket_of(row)

    def drop_tickets(self, user_id: str, spare: str = "") -> None:
        """End everything half done of a user, but for one kind."""
        values = {"user": user_id, "spare": spare}
        self._connection.execute(self._statements.drop_tickets, values)

    def drop_expired_tickets(self, now: float, most: int = 1000) -> int:
        """Remove tickets that are over, of all users, at most so many; the number of them."""
        values = {"now": int(now), "most": most}
        return self._connection.execute(self._statements.drop_expired, values).rowcount

    def drop_unfinished(self, user_id: str, kind: str, now: float, most: int = 1000) -> None:
        """Remove the tickets of a kind that a user has, as there is to be one, and at most so many
        that are over, of all users.
        """
        values = {"user": user_id, "kind": kind, "now": int(now), "most": most}
        self._connection.execute(self._statements.drop_unfinished, values)

    def drop_events(self, user_id: str) -> None:
        """Remove the record of a user who is gone."""
        event = self._tables.event
        self._connection.execute(delete(event).where(event.c.user_id == user_id))

    def drop_events_before(self, at: int, most: int) -> int:
        """Remove the oldest events of before a time, at most so many; the number of them."""
        event = self._tables.event
        oldest = select(event.c.id).where(event.c.at < at).order_by(event.c.at).limit(most)
        return self._connection.execute(
            delete(event).where(event.c.id.in_(oldest.scalar_subquery()))
        ).rowcount

    def record(self, event: Event) -> None:
        """Write one event."""
        values = {
            "user_id": event.user_id,
            "at": event.at,
            "kind": event.kind,
            "area": event.area,
            "address": event.address,
            "detail": event.detail,
        }
        self._connection.execute(self._statements.add_event, values)

    def _hit(self, statement: Any, **values: Any) -> bool:
        return bool(self._connection.execute(statement, values).rowcount == 1)
