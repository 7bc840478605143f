"""The changes of state, each one atomic statement, on an open transaction."""

from typing import Any

from sqlalchemy import delete, exists, select, update

from ..core.changes import LONGEST_DETAIL, Change
from ..core.records import Account, Authenticator, Event, Subject, Ticket
from ..core.throttle import Figures
from .rows import account_of, browser_of, keys_as_text, times_as_text
from .ticket_changes import TicketChanges


class Transaction(TicketChanges):
    """All changes, on an open transaction. A `bool` says whether the one row was hit."""

    def change(self, subject: Subject, *changes: Change) -> None:
        """Record changes, and let the host join this transaction; it is told after the commit.

        Args:
            subject: whose change, and from where.
            changes: in the order in which the host learns of them.
        """
        at = int(self._clock())
        self.record(
            *(
                Event(
                    subject.user_id,
                    at,
                    change.kind,
                    change.area,
                    subject.address,
                    change.detail[:LONGEST_DETAIL] if change.detail else None,
                )
                for change in changes
                if change.kind is not None
            )
        )
        for change in changes:
            if self._joins is not None:
                self._joins(self.connection, change.name, subject.user_id, change.facts)
            self.changes.append((subject.user_id, change))

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

    def account_asked(self, user_id: str, known: str, now: float) -> Account | None:
        """The account with what is known of the browser that asks, in one SELECT that queues.

        Args:
            user_id: the host's string for the user.
            known: digest of the id that the browser sent, or anything that is none.
            now: Unix seconds.
        """
        values = {"user": user_id, "known": known, "now": int(now)}
        rows = self._connection.execute(self._statements.account_asked, values).all()
        return account_of(rows, *browser_of(rows[0])) if rows else None

    def waiting(self, digest: str, kind: str, now: float) -> tuple[Ticket, Account] | None:
        """A ticket with the account of its user, in one SELECT."""
        values = {"digest": digest, "kind": kind, "now": int(now)}
        rows = self._connection.execute(self._statements.waiting, values).all()
        return (self._ticket_beside(rows[0]), account_of(rows)) if rows else None

    def pending(
        self, digest: str, kind: str, known: str, now: float
    ) -> tuple[Ticket, Account] | None:
        """The same with what is known of the browser that asks, queueing on ticket and account."""
        values = {"digest": digest, "kind": kind, "known": known, "now": int(now)}
        rows = self._connection.execute(self._statements.pending, values).all()
        if not rows:
            return None
        return self._ticket_beside(rows[0]), account_of(rows, *browser_of(rows[0]))

    def _ticket_beside(self, row: Any) -> Ticket:
        columns = self._tables.ticket.c
        return Ticket(*(row._mapping[f"ticket_{column.name}"] for column in columns))

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

    def remove_authenticator(self, authenticator: Authenticator, account: Account) -> bool:
        """Remove one of several authenticators.

        Wrong codes so far stay cleared: which authenticator was right last is forgotten.
        """
        of_account, table = self._tables.account, self._tables.authenticator
        self._connection.execute(
            update(of_account)
            .where(of_account.c.user_id == account.user_id)
            .values(failures_cleared=account.failures, known_cleared=account.known_failures)
        )
        return self._hit(delete(table).where(table.c.id == authenticator.id))

    def take_step(self, authenticator_id: str, step: int, account: Account, now: float) -> bool:
        """Use up a time step; `False` when it, or a later one, was used before (RFC 6238 5.2).

        That ends both runs of wrong codes of the account.
        """
        return self._hit(
            self._statements.take_step,
            authenticator=authenticator_id,
            step=step,
            now=int(now),
            counted=account.failures,
            known=account.known_failures,
        )

    def count_failure(self, account: Account, codes: Figures, *, known: bool) -> bool:
        """Count a wrong code; `False` when another was counted since the account was read.

        Args:
            account: as it was read.
            codes: the figures with this code.
            known: whether it came from a known browser, whose figures are its own.
        """
        statements = self._statements
        before = account.known_failures if known else account.failures
        return self._hit(
            statements.count_known if known else statements.count_failure,
            user=account.user_id,
            before=before,
            after=before + 1,
            times=times_as_text(codes.recent),
        )

    def set_figures(self, account: Account, codes: Figures, known: Figures) -> bool:
        """End both runs of wrong codes, put other times in place of the latest attempts', and
        forget recovery codes; `False` when a code was counted since the account was read.
        """
        table = self._tables.account
        return self._hit(
            update(table)
            .where(
                table.c.user_id == account.user_id,
                table.c.failures == account.failures,
                table.c.known_failures == account.known_failures,
            )
            .values(
                failures_cleared=account.failures,
                failures_recent=times_as_text(codes.recent),
                known_cleared=account.known_failures,
                known_recent=times_as_text(known.recent),
                recovery_recent="",
            )
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
            .values(
                failures_cleared=table.c.failures,
                failures_recent="",
                known_cleared=table.c.known_failures,
                known_recent="",
                recovery_recent="",
            )
        )

    def remove_account(
        self, user_id: str, recovery_hash: str | None = None, ticket: str | None = None
    ) -> bool:
        """Remove account, authenticators and tickets; `False` when another was first.

        Args:
            user_id: the host's string for the user.
            recovery_hash: remove only while this is the account's recovery code.
            ticket: remove only while the ticket with this digest is there.
        """
        statements, of_user = self._statements, {"user": user_id}
        # The lock of the account comes first, as in every other transaction.
        locked = statements.recovery_locked
        if ticket is not None:
            locked = locked.where(exists().where(self._tables.ticket.c.digest == ticket))
        found = self._connection.execute(locked, of_user).first()
        if found is None or (recovery_hash is not None and found[0] != recovery_hash):
            return False
        self._connection.execute(statements.drop_authenticators, of_user)
        self.drop_tickets(user_id)
        return self._hit(statements.drop_account, **of_user)

    def drop_traces(self, user_id: str) -> None:
        """Remove all tickets and the record of a user who is gone."""
        for table in (self._tables.ticket, self._tables.event):
            self._connection.execute(delete(table).where(table.c.user_id == user_id))

    def drop_events_before(self, at: int, most: int) -> int:
        """Remove the oldest events of before a time, at most so many; the number of them."""
        event = self._tables.event
        oldest = select(event.c.id).where(event.c.at < at).order_by(event.c.at).limit(most)
        return self._connection.execute(
            delete(event).where(event.c.id.in_(oldest.scalar_subquery()))
        ).rowcount

    def record(self, *events: Event) -> None:
        """Write events, in one statement."""
        if not events:
            return
        values = [
            {
                "user_id": event.user_id,
                "at": event.at,
                "kind": event.kind,
                "area": event.area,
                "address": event.address,
                "detail": event.detail,
            }
            for event in events
        ]
        self._connection.execute(self._statements.add_event, values)
