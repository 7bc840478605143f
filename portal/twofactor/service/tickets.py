"""Tickets: the one mechanism for everything short-lived.

The database knows the hash of a random id alone, the session the id alone; a ticket is used up by
one DELETE that must hit one row, so no old cookie and no second worker uses it twice.
"""

import hashlib
import json
import secrets
from typing import Any

from sqlalchemy import Connection

from ..core import vault
from ..core.errors import EnrolmentExpired
from ..core.records import Ticket
from ..storage.transaction import Transaction
from .kit import Kit

SIGN_IN = "sign_in"
ENROLMENT = "enrolment"
AUTHENTICATOR = "authenticator"
PASS = "pass"  # noqa: S105 - the kind of a ticket
VIEW = "view"
PASSWORD = "password"  # noqa: S105 - the kind of a ticket


def digest(ticket_id: str, *bound: str) -> str:
    """Return what the database knows of a ticket's id (SHA-256, 64 hexadecimal digits).

    Args:
        ticket_id: the random id, as the session or a cookie has it.
        bound: what the ticket is bound to besides, e.g. `Subject.credential`: with anything else
            the ticket is not found. Empty texts bind to nothing.
    """
    parts = [ticket_id, *filter(None, bound)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def issue(
    kit: Kit,
    transaction: Transaction,
    kind: str,
    user_id: str,
    seconds: int,
    area: str = "",
    data: dict[str, Any] | None = None,
    bound: tuple[str, ...] = (),
    ticket_id: str = "",
) -> str:
    """Write a ticket and return its id (256 random bits), which is for the session alone.

    Args:
        kit: the application's parts.
        transaction: where it is written.
        kind: what the ticket is for.
        user_id: whose it is.
        seconds: how long it is good.
        area: the area it is for, if it is for one.
        data: what it carries, sealed.
        bound: what it is bound to besides, see `digest`.
        ticket_id: the id of one that was used up, which this one takes the place of.
    """
    ticket_id = ticket_id or secrets.token_urlsafe(32)
    hashed = digest(ticket_id, *bound)
    sealed = None
    if data is not None:
        text = json.dumps(data, separators=(",", ":")).encode()
        sealed = kit.vault.seal(text, vault.TICKET, user_id, kind, hashed)
    expires_at = int(kit.clock()) + seconds
    transaction.add_ticket(Ticket(hashed, user_id, kind, area, sealed, expires_at))
    return ticket_id


def data_of(kit: Kit, ticket: Ticket) -> dict[str, Any]:
    """What a ticket carries.

    Raises:
        KeyMissing: sealed under a key that is not configured.
        SealBroken: altered, or another ticket's.
    """
    if ticket.sealed is None:
        return {}
    context = (ticket.user_id, ticket.kind, ticket.digest)
    data: dict[str, Any] = json.loads(kit.vault.open(ticket.sealed, vault.TICKET, *context))
    return data


def unfinished(kit: Kit, kind: str, user_id: str, ticket_id: str | None) -> dict[str, Any]:
    """What an unfinished enrolment carries; it stays where it is.

    Raises:
        EnrolmentExpired: over, finished, or another user's.
    """
    if ticket_id is None:
        raise EnrolmentExpired("no enrolment")
    ticket = kit.store.ticket(digest(ticket_id), kind, kit.clock())
    if ticket is None or ticket.user_id != user_id:
        raise EnrolmentExpired("enrolment over")
    return data_of(kit, ticket)


def leave_pass(kit: Kit, user_id: str, area: str) -> str:
    """A pass for one more try of a form that came back."""
    seconds = kit.settings.pass_seconds
    return kit.store.run(lambda tx: issue(kit, tx, PASS, user_id, seconds, area))


def take_pass(kit: Kit, ticket_id: str, user_id: str, area: str) -> bool:
    """Use up a pass."""
    now, hashed = kit.clock(), digest(ticket_id)
    return kit.store.run(lambda tx: tx.take_ticket(hashed, PASS, user_id, now, area)) is not None


def leave_password_proof(kit: Kit, user_id: str) -> str:
    """Remember for a while that the password was given in this session just now."""
    given = int(kit.clock())
    return kit.store.run(lambda tx: issue_password_proof(kit, tx, user_id, given))


def issue_password_proof(kit: Kit, transaction: Transaction, user_id: str, given: int) -> str:
    """The same of a time before, together with what was done since."""
    seconds = kit.settings.fresh_seconds - (int(kit.clock()) - given)
    return issue(kit, transaction, PASSWORD, user_id, seconds)


def is_password_fresh(kit: Kit, ticket_id: str | None, user_id: str) -> bool:
    """Whether the password was given in this session a short while ago."""
    if ticket_id is None:
        return False
    ticket = kit.store.ticket(digest(ticket_id), PASSWORD, kit.clock())
    return ticket is not None and ticket.user_id == user_id


def revoke(kit: Kit, user_id: str, connection: Connection | None = None) -> None:
    """End everything half done of a user: pending sign-ins, passes, open views, enrolments."""
    kit.run_or_join(connection, lambda tx: tx.drop_tickets(user_id))
