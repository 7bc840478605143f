"""Changes of authenticators in an open transaction, each in one atomic statement."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from ..core.records import EXECUTED, UNDO, Account, Authenticator
from .rows import having_account
from .ticket_changes import TicketChanges


class AuthenticatorChanges(TicketChanges):
    """Changes of authenticators. A method that returns `bool` tells whether one row was changed."""

    def add_authenticator(self, *authenticators: Authenticator) -> None:
        """Write new authenticators."""
        values = [
            {
                "id": each.id,
                "user_id": each.user_id,
                "kind": each.kind,
                "name": each.name,
                "sealed": each.sealed,
                "last_step": each.last_step,
                "failures_at_use": each.failures_at_use,
                "known_at_use": each.known_at_use,
                "created_at": each.created_at,
                "last_used_at": each.last_used_at,
                "credential": each.credential,
                "flags": each.flags,
            }
            for each in authenticators
        ]
        self._connection.execute(self._statements.add_authenticator, values)

    def with_account(self, keys: Sequence[str]) -> frozenset[str]:
        """Return the keys whose users have an account."""
        # An import calls this many times while the table grows. PostgreSQL would keep the plan of
        # the first calls, a scan of a small table.
        is_kept = self._connection.dialect.name == "postgresql"
        if is_kept:
            self._connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")
        found = frozenset(self._connection.scalars(having_account(self._tables, keys)))
        if is_kept:
            self._connection.exec_driver_sql("SET LOCAL plan_cache_mode TO DEFAULT")
        return found

    def drop_tickets_of_each(self, keys: Sequence[str]) -> None:
        """Remove the tickets of several users, but executed continuations and undo links."""
        ticket = self._tables.ticket
        stays = ticket.c.kind.in_([EXECUTED, UNDO])
        self._connection.execute(delete(ticket).where(ticket.c.user_id.in_(keys), ~stays))

    def passkey(self, credential: str) -> str | None:
        """Return the id of the authenticator with this digest, of whichever user."""
        table = self._tables.authenticator
        found = select(table.c.id).where(table.c.credential == credential)
        return self._connection.execute(found).scalar_one_or_none()

    def name_authenticator(self, authenticator: Authenticator, name: str) -> bool:
        """Rename an authenticator."""
        table = self._tables.authenticator
        return self._hit(update(table).where(table.c.id == authenticator.id).values(name=name))

    def remove_authenticator(self, authenticator: Authenticator, account: Account) -> bool:
        """Remove one of several authenticators.

        It also clears both runs of wrong codes, since the removed row may hold their start.
        """
        of_account, table = self._tables.account, self._tables.authenticator
        self._connection.execute(
            update(of_account)
            .where(of_account.c.user_id == account.user_id)
            .values(failures_cleared=account.failures, known_cleared=account.known_failures)
        )
        return self._hit(delete(table).where(table.c.id == authenticator.id))

    def take_number(
        self,
        authenticator_id: str,
        number: int,
        account: Account,
        now: float,
        flags: int | None = None,
    ) -> bool:
        """Use up the number of an answer; `False` if it or a larger number was used.

        A right answer ends both runs of wrong codes of the account.

        Args:
            authenticator_id: the authenticator that gave the answer.
            number: the time step of a code (RFC 6238 section 5.2) or the signature counter of a
                passkey (WebAuthn section 6.1.1), where 0 may follow 0.
            account: the account as it was read.
            now: Unix seconds.
            flags: of a passkey, to store with it; `None` for a code.
        """
        values = {
            "authenticator": authenticator_id,
            "step": number,
            "now": int(now),
            "counted": account.failures,
            "known": account.known_failures,
        }
        if flags is None:
            return self._hit(self._statements.take_step, **values)
        return self._hit(self._statements.take_counter, flags=flags, **values)
