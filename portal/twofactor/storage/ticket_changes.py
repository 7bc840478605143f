"""Changes of tickets in an open transaction, each in one atomic statement."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, select, update

from ..core.changes import Change, ChangeName
from ..core.records import KNOWN, Ticket
from ..engines import is_mysql
from .rows import ticket_of
from .statements import Statements
from .statements.of_tickets import listed
from .tables import Tables

# Function of the host that writes with a change: connection, name of the change, user, facts.
Joins = Callable[[Connection, ChangeName, str, Mapping[str, Any]], object]


class TicketChanges:
    """Changes of tickets. A method that returns `bool` tells whether one row was changed."""

    def __init__(
        self,
        connection: Connection,
        tables: Tables,
        statements: Statements,
        clock: Callable[[], float],
        joins: Joins | None,
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._statements = statements
        self._clock = clock
        self._joins = joins
        # Users, their changes and the facts of each. The host is told of them after the commit.
        self.changes: list[tuple[str, Change, Mapping[str, Any]]] = []

    def drop_ticket(self, digest: str, kind: str, user_id: str) -> bool:
        """Remove a ticket of a user."""
        ticket = self._tables.ticket
        return self._hit(
            delete(ticket).where(
                ticket.c.digest == digest, ticket.c.kind == kind, ticket.c.user_id == user_id
            )
        )

    def end_ticket(self, digest: str, kind: str) -> bool:
        """Remove a ticket of any user; only the session that has its id knows the digest."""
        ticket = self._tables.ticket
        return self._hit(delete(ticket).where(ticket.c.digest == digest, ticket.c.kind == kind))

    def add_ticket(self, *tickets: Ticket) -> None:
        """Write tickets, in one statement."""
        values = [
            {
                "digest": ticket.digest,
                "user_id": ticket.user_id,
                "kind": ticket.kind,
                "area": ticket.area,
                "sealed": ticket.sealed,
                "expires_at": ticket.expires_at,
            }
            for ticket in tickets
        ]
        if values:
            self._connection.execute(self._statements.add_ticket, values)

    def change_ticket(self, digest: str, kind: str, user_id: str, values: Any) -> bool:
        """Change columns of a ticket of a user that still has this kind."""
        ticket = self._tables.ticket
        return self._hit(
            update(ticket)
            .where(ticket.c.digest == digest, ticket.c.kind == kind, ticket.c.user_id == user_id)
            .values(values)
        )

    def move_end(self, digest: str, kind: str, expires_at: int) -> bool:
        """Change the time when a ticket expires (Unix seconds)."""
        ticket = self._tables.ticket
        return self._hit(
            update(ticket)
            .where(ticket.c.digest == digest, ticket.c.kind == kind)
            .values(expires_at=expires_at)
        )

    def replace_browser(self, fresh: Ticket, now: float) -> bool:
        """Overwrite the user's known browser that expires first with a new ticket."""
        ticket = self._tables.ticket
        oldest = (
            select(ticket.c.digest)
            .where(
                ticket.c.user_id == fresh.user_id,
                ticket.c.kind == KNOWN,
                ticket.c.expires_at > int(now),
            )
            .order_by(ticket.c.expires_at, ticket.c.digest)
            .limit(1)
        )
        return self._hit(
            update(ticket)
            .where(ticket.c.digest.in_(listed(oldest)))
            .values(digest=fresh.digest, area=fresh.area, expires_at=fresh.expires_at)
        )

    def add_ticket_once(self, ticket: Ticket) -> bool:
        """Write a ticket without sealed data; `False` if its digest exists already."""
        return self._hit(
            self._statements.add_ticket_once,
            new_digest=ticket.digest,
            new_user_id=ticket.user_id,
            new_kind=ticket.kind,
            new_area=ticket.area,
            new_expires_at=ticket.expires_at,
        )

    def ticket(self, digest: str, kind: str, now: float) -> Ticket | None:
        """Return a ticket that has not expired, without using it up."""
        return self._found(self._statements.ticket, digest=digest, kind=kind, now=int(now))

    def held_ticket(self, digest: str, kind: str, user_id: str, now: float) -> Ticket | None:
        """Return a ticket that has not expired, and lock it until the end of the transaction."""
        values = {"digest": digest, "kind": kind, "user": user_id, "area": "", "now": int(now)}
        return self._found(self._statements.ticket_to_take, **values)

    def take_ticket(
        self, digest: str, kind: str, user_id: str, now: float, area: str = ""
    ) -> Ticket | None:
        """Use up and return a ticket, in one DELETE; `None` if no row was deleted."""
        values = {"digest": digest, "kind": kind, "user": user_id, "area": area, "now": int(now)}
        statements = self._statements
        return self._taken(statements.take_ticket, statements.ticket_to_take, **values)

    def take_challenge(self, digest: str, kind: str, now: float) -> Ticket | None:
        """Use up and return a ticket of whichever user and area, in one DELETE.

        The caller compares what the ticket is for; it is used up in any case.
        """
        statements, values = self._statements, {"digest": digest, "kind": kind, "now": int(now)}
        return self._taken(statements.take_challenge, statements.challenge_to_take, **values)

    def drop_challenges(self, user_id: str, kind: str, now: float, most: int) -> None:
        """Remove the oldest of a user's tickets of a kind, so that at most `most` are left.

        The same statement removes at most 1000 expired tickets of all users.
        """
        values = {"user": user_id, "kind": kind, "now": int(now), "most": 1000, "left": most}
        self._connection.execute(self._statements.drop_challenges, values)

    def drop_tickets(self, user_id: str, spare: str = "", known: str = "") -> None:
        """Remove all tickets of a user, except records of executed continuations and undo links.

        Args:
            user_id: the host's string for the user.
            spare: kind of tickets to keep.
            known: digest of a known browser to keep.
        """
        values = {"user": user_id, "spare": spare, "known": known}
        self._connection.execute(self._statements.drop_tickets, values)

    def drop_expired_tickets(self, now: float, most: int = 1000) -> int:
        """Remove at most `most` expired tickets of all users; return their number."""
        values = {"now": int(now), "most": most}
        return self._connection.execute(self._statements.drop_expired, values).rowcount

    def drop_unfinished(self, user_id: str, kind: str, now: float, most: int = 1000) -> None:
        """Remove a user's tickets of a kind, before a new one is written.

        The same statement removes at most `most` expired tickets of all users.
        """
        values = {"user": user_id, "kind": kind, "now": int(now), "most": most}
        self._connection.execute(self._statements.drop_unfinished, values)

    def _taken(self, taking: Any, to_take: Any, **values: Any) -> Ticket | None:
        """Return the ticket that was deleted.

        MySQL has no RETURNING, and MariaDB is asked as MySQL is. Its lock lets one of several
        requests through, and the number of deleted rows decides.
        """
        if not is_mysql(self._connection.dialect):
            return self._found(taking, **values)
        found = self._found(to_take, **values)
        if found is None:
            return None
        dropped = self._hit(self._statements.drop_taken, digest=found.digest, kind=found.kind)
        return found if dropped else None

    def _found(self, statement: Any, **values: Any) -> Ticket | None:
        row = self._connection.execute(statement, values).first()
        return None if row is None else ticket_of(row)

    def _hit(self, statement: Any, **values: Any) -> bool:
        return bool(self._connection.execute(statement, values).rowcount == 1)
