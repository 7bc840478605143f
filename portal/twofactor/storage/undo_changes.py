"""Changes of undo links and those that put an earlier state back; reads and changes of events.

They are rare, so their statements are built here.
"""

from collections.abc import Collection

from sqlalchemy import and_, case, delete, func, insert, not_, select, update
from sqlalchemy import bindparam as given

from ..core.records import EXECUTED, UNDO, Account, Event, Ticket
from ..engines import clusters, is_mysql
from .authenticator_changes import AuthenticatorChanges
from .rows import event_of, keys_as_text, times_as_text
from .statements.of_tickets import listed


class UndoChanges(AuthenticatorChanges):
    """Changes of undo links and of the state that they put back."""

    def add_undo(self, ticket: Ticket, now: float, most: int) -> None:
        """Write an undo ticket, the latest of its user, so that at most `most` are left.

        The latest ones before it go. The oldest undoes all the others, so nobody can push out the
        link of a change by making many more.

        It ends later than all others of the user, by a second at least, so that their ends tell in
        which order the changes were made.
        """
        table = self._tables.ticket
        values = {"user": ticket.user_id, "kind": UNDO, "now": int(now), "left": most - 1}
        self._connection.execute(self._statements.drop_latest, {**values, "most": 1000})
        of_user = select(func.max(table.c.expires_at)).where(
            table.c.user_id == ticket.user_id, table.c.kind == UNDO
        )
        latest, end = of_user.scalar_subquery(), given("end", type_=table.c.expires_at.type)
        new = {
            "digest": ticket.digest,
            "user_id": ticket.user_id,
            "kind": ticket.kind,
            "area": ticket.area,
            "sealed": ticket.sealed,
        }
        columns = [given(f"new_{name}", value, table.c[name].type) for name, value in new.items()]
        row = select(*columns, case((latest >= end, latest + 1), else_=end))
        statement = insert(table).from_select([*new, "expires_at"], row)
        self._connection.execute(statement, {"end": ticket.expires_at})

    def drop_tickets_after(self, user_id: str, undo_end: int) -> None:
        """Remove all tickets of a user, but for the undo tickets of earlier changes.

        Records of executed continuations stay, too.

        Args:
            user_id: the host's string for the user.
            undo_end: undo tickets that end before this time are of earlier changes.
        """
        ticket = self._tables.ticket
        earlier = and_(ticket.c.kind == UNDO, ticket.c.expires_at < undo_end)
        gone = and_(ticket.c.kind != EXECUTED, not_(earlier))
        self._connection.execute(delete(ticket).where(ticket.c.user_id == user_id, gone))

    def recovery_code_used_since(self, user_id: str, at: int, *, lock: bool) -> bool:
        """Return whether a recovery code of a user was used at a time or later.

        Args:
            user_id: the host's string for the user.
            at: Unix seconds.
            lock: whether the account is locked, so that what is committed by now counts. In a
                transaction of the host, MySQL's default would show what was when that began to
                read. PostgreSQL refuses there to lock an account that has changed since.
        """
        event = self._tables.event
        used = select(event.c.id).where(
            event.c.user_id == user_id, event.c.at >= at, event.c.kind == "recovery_code_used"
        )
        if lock and is_mysql(self._connection.dialect):
            used = used.with_for_update(read=True)
        return self._connection.execute(used.limit(1)).first() is not None

    def claim(self, *users: str) -> None:
        """Make this transaction conflict with others that claim an account of these users.

        It does so at every node of a cluster, where a lock is its own node's (`clusters.claim`).
        """
        clusters.claim(self._connection, self._tables.account, frozenset(users))

    def events_since(self, user_id: str, at: int, kinds: Collection[str], most: int) -> list[Event]:
        """Return a user's latest events of some kinds since a time, newest first.

        Args:
            user_id: the host's string for the user.
            at: Unix seconds.
            kinds: kinds of the events.
            most: how many at most.
        """
        event = self._tables.event
        found = select(event).where(
            event.c.user_id == user_id, event.c.kind.in_(kinds), event.c.at >= at
        )
        rows = self._connection.execute(found.order_by(event.c.id.desc()).limit(most))
        return [event_of(row) for row in rows]

    def drop_events_before(self, at: int, most: int) -> int:
        """Remove at most `most` of the oldest events from before a time; return their number."""
        event = self._tables.event
        oldest = select(event.c.id).where(event.c.at < at).order_by(event.c.at).limit(most)
        return self._connection.execute(
            delete(event).where(event.c.id.in_(listed(oldest)))
        ).rowcount

    def clear_account(self, user_id: str, *, keep: bool) -> None:
        """Remove all authenticators of a user, and unless `keep` the account; no tickets."""
        of_user = {"user": user_id}
        self._connection.execute(self._statements.drop_authenticators, of_user)
        if not keep:
            self._connection.execute(self._statements.drop_account, of_user)

    def put_account(self, now: Account | None, before: Account) -> None:
        """Write areas, recovery code and time of activation of an earlier account.

        The throttle's figures of now stay; if there is no account now, the earlier ones are
        written. Reminders that were ended stay so. The account has no authenticators at this
        moment (`clear_account`).
        """
        table, figures = self._tables.account, now or before
        values = {
            "areas": keys_as_text(before.areas, before.only),
            "activated_at": before.activated_at,
            "recovery_hash": before.recovery_hash,
            # The rows of authenticators, which may hold the start of a run, were removed.
            "failures_cleared": figures.failures - figures.codes.run,
            "known_cleared": figures.known_failures - figures.known.run,
        }
        if not before.check_ups:
            values["check_ups_ended_at"] = int(self._clock())
        if now is not None:
            of_user = update(table).where(table.c.user_id == before.user_id)
            self._connection.execute(of_user.values(values))
            return
        counted = {
            "user_id": before.user_id,
            "checked_at": before.checked_at,
            "failures": before.failures,
            "failures_recent": times_as_text(before.codes.recent),
            "known_failures": before.known_failures,
            "known_recent": times_as_text(before.known.recent),
            "recovery_attempts": before.recovery_attempts,
            "recovery_recent": times_as_text(before.recovery.recent),
        }
        self._connection.execute(insert(table).values(values | counted))
