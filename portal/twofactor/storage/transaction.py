"""Changes of the two-factor state in an open transaction, each in one atomic statement."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, update

from ..core.changes import Change, events_of
from ..core.records import Account, Event, Subject, Ticket
from ..core.throttle import Figures
from .rows import account_of, browser_of, keys_as_text, times_as_text
from .undo_changes import UndoChanges


class Transaction(UndoChanges):
    """An open transaction. A method that returns `bool` tells whether one row was changed."""

    def change(
        self,
        subject: Subject,
        *changes: Change,
        further: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Record changes and let the host write with them. Signals follow after the commit.

        Args:
            subject: user and network address.
            changes: in the order of the signals.
            further: facts for the host alone, which are neither recorded nor logged.
        """
        self.change_each([(subject, change) for change in changes], further)

    def change_each(
        self,
        made: Sequence[tuple[Subject, Change]],
        further: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Record changes of several users, as `change` does for one."""
        at = int(self._clock())
        # The lock of an account is a node's own. So two changes of a user conflict by this.
        self.claim(*{who.user_id for who, _ in made})
        self.record(*(event for who, change in made for event in events_of([change], who, at)))
        for who, change in made:
            facts = {**change.facts, **further}
            if self._joins is not None:
                self._joins(self._connection, change.name, who.user_id, facts)
            self.changes.append((who.user_id, change, facts))

    def wait_for(self, user_id: str) -> bool:
        """Lock the account of a user, and wait for who has it; return whether there is one.

        A SELECT that waits shows the rows beside the locked one as they were before. So who decides
        by the authenticators reads them after this. SQLite lets one transaction write at a time.
        """
        if self._connection.dialect.name == "sqlite":
            return True
        found = self._connection.execute(self._statements.lock, {"user": user_id})
        return found.first() is not None

    def account(self, user_id: str, *, lock: bool = False) -> Account | None:
        """Return the account with its authenticators.

        Args:
            user_id: the host's string for the user.
            lock: lock the row, and wait for transactions that have locked it (`wait_for`).
        """
        if lock and not self.wait_for(user_id):
            return None
        statements = self._statements
        statement = statements.account_locked if lock else statements.account
        rows = self._connection.execute(statement, {"user": user_id}).all()
        return account_of(rows) if rows else None

    def account_of_credential(self, credential: str) -> Account | None:
        """Return the account that has a passkey, and lock it.

        Args:
            credential: digest of the passkey's id.
        """
        statement = self._statements.account_of_credential
        rows = self._connection.execute(statement, {"credential": credential}).all()
        return account_of(rows) if rows else None

    def account_counted(self, user_id: str, kind: str) -> tuple[Account | None, int]:
        """Return the account and the number of its tickets of a kind, in one SELECT; lock it."""
        values = {"user": user_id, "kind": kind}
        rows = self._connection.execute(self._statements.account_counted, values).all()
        return (account_of(rows), rows[0].tickets) if rows else (None, 0)

    def account_asked(
        self, user_id: str, known: str, now: float, *, lock: bool = True
    ) -> Account | None:
        """Return the account with the known browser of the request, in one SELECT.

        Without a lock, for a page, the time of the recovery code is read as well.

        Args:
            user_id: the host's string for the user.
            known: digest of the id that the browser sent, or "".
            now: Unix seconds.
            lock: as in `account`.
        """
        values = {"user": user_id, "known": known, "now": int(now)}
        statements = self._statements
        statement = statements.account_asked if lock else statements.account_beside
        rows = self._connection.execute(statement, values).all()
        if not rows:
            return None
        since = None if lock else rows[0].recovery_since
        return account_of(rows, *browser_of(rows[0]), since)

    def waiting(self, digest: str, kind: str, now: float) -> tuple[Ticket, Account] | None:
        """Return a ticket with the account of its user, in one SELECT."""
        values = {"digest": digest, "kind": kind, "now": int(now)}
        rows = self._connection.execute(self._statements.waiting, values).all()
        return (self._ticket_beside(rows[0]), account_of(rows)) if rows else None

    def pending(
        self, digest: str, kind: str, known: str, now: float
    ) -> tuple[Ticket, Account] | None:
        """Return the same with the known browser of the request; lock ticket and account."""
        values = {"digest": digest, "kind": kind, "known": known, "now": int(now)}
        rows = self._connection.execute(self._statements.pending, values).all()
        if not rows:
            return None
        return self._ticket_beside(rows[0]), account_of(rows, *browser_of(rows[0]))

    def _ticket_beside(self, row: Any) -> Ticket:
        columns = self._tables.ticket.c
        return Ticket(*(row._mapping[f"ticket_{column.name}"] for column in columns))

    def add_account(self, *accounts: Account) -> None:
        """Write new accounts; raises `IntegrityError` if a user has one already."""
        values = [
            {
                "user_id": account.user_id,
                "areas": keys_as_text(account.areas, account.only),
                "activated_at": account.activated_at,
                "recovery_hash": account.recovery_hash,
            }
            for account in accounts
        ]
        self._connection.execute(self._statements.add_account, values)

    def count_failure(self, account: Account, codes: Figures, *, known: bool) -> bool:
        """Count a wrong code; `False` if another was counted since the account was read.

        Args:
            account: the account as it was read.
            codes: the figures with this code.
            known: whether the code came from a known browser. These are counted separately.
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
        """End both runs of wrong codes, replace the times of attempts and clear recovery attempts.

        Returns `False` if a code was counted since the account was read.
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
        """Count a recovery code before it is judged; `False` if another was counted meanwhile."""
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

    def set_areas(
        self, account: Account, areas: frozenset[str], only: frozenset[str] = frozenset()
    ) -> bool:
        """Change the areas; `False` if they were changed since the account was read."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(
                table.c.user_id == account.user_id,
                table.c.areas == keys_as_text(account.areas, account.only),
            )
            .values(areas=keys_as_text(areas, only))
        )

    def set_recovery(self, user_id: str, hashed: str) -> bool:
        """Replace the recovery code, which is at hand now; the old code stops working."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(table.c.user_id == user_id)
            .values(recovery_hash=hashed, recovery_recent="", checked_at=int(self._clock()))
        )

    def note_check(self, user_id: str, recovery_hash: str | None = None) -> bool:
        """Note that the recovery code is at hand now.

        Args:
            user_id: the host's string for the user.
            recovery_hash: note it only if the account still has this hash.
        """
        table = self._tables.account
        wanted = [table.c.recovery_hash == recovery_hash] if recovery_hash is not None else []
        return self._hit(
            update(table)
            .where(table.c.user_id == user_id, *wanted)
            .values(checked_at=int(self._clock()))
        )

    def end_check_ups(self, user_id: str) -> bool:
        """Note that the user wants no reminders."""
        table = self._tables.account
        return self._hit(
            update(table)
            .where(table.c.user_id == user_id)
            .values(check_ups_ended_at=int(self._clock()))
        )

    def clear_throttle(self, user_id: str) -> bool:
        """Clear all wrong codes and recovery attempts of an account."""
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

    def remove_account(self, user_id: str, account: Account | None = None) -> bool:
        """Remove account, authenticators and tickets; `False` if nothing was removed.

        Args:
            user_id: the host's string for the user.
            account: as it was read and locked in this transaction; `None` to lock it here.
        """
        statements, of_user = self._statements, {"user": user_id}
        # The lock of the account comes first, as in every other transaction.
        if account is None and self._connection.execute(statements.lock, of_user).first() is None:
            return False
        self._connection.execute(statements.drop_authenticators, of_user)
        self.drop_tickets(user_id)
        return self._hit(statements.drop_account, **of_user)

    def drop_traces(self, user_id: str) -> None:
        """Remove all tickets and events of a user whose account is closed."""
        for table in (self._tables.ticket, self._tables.event):
            self._connection.execute(delete(table).where(table.c.user_id == user_id))

    def record(self, *events: Event) -> None:
        """Write events in one statement."""
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
