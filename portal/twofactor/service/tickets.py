"""Tickets: rows for everything short-lived, such as pending sign-ins and passes.

The database stores only the hash of a random id, the session only the id. Using a ticket up is one
DELETE that must remove one row, so that neither an old cookie nor another worker can use it again.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ..core import vault
from ..core.errors import AlreadyDone, EnrolmentExpired
from ..core.records import EXECUTED, Subject, Ticket
from ..storage.transaction import Transaction
from .context import Kit

SIGN_IN = "sign_in"
ENROLMENT = "enrolment"
AUTHENTICATOR = "authenticator"
RECOVERY = "recovery"
ACTIVATED = "activated"
PASS = "pass"  # noqa: S105 - names a kind of ticket, no secret
VIEW = "view"
PASSWORD = "password"  # noqa: S105 - names a kind of ticket, no secret

# A change by the blueprint itself, made in the transaction that judges the answer.
Deed = Callable[[Transaction], object]
# Number of times that a form with errors may be sent again without a new answer.
RETRIES = 2
# Seconds within which a request that comes again is taken as the same form sent twice.
MOMENT = 60


@dataclass(frozen=True, slots=True)
class Grant:
    """The retries that an answer still allows.

    Args:
        until: time when all passes from this answer expire (Unix seconds).
        left: number of passes that may still be issued.
    """

    until: int = 0
    left: int = 0

    def is_good(self, now: float) -> bool:
        """Return whether another pass may be issued."""
        return self.left > 0 and self.until > now


NOTHING = Grant()


def digest(ticket_id: str, *bound: str) -> str:
    """Return the hash of a ticket's id for the database (SHA-256, 64 hexadecimal digits).

    Args:
        ticket_id: the random id, as the session or a cookie has it.
        bound: further texts that the ticket is bound to, e.g. `Subject.credential`. With other
            texts the ticket is not found. Empty texts are ignored.
    """
    parts = [ticket_id, *filter(None, bound)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def issue(transaction: Transaction, made: tuple[str, Ticket]) -> str:
    """Write a ticket that `made` returned; return its id, which only the session may hold."""
    ticket_id, ticket = made
    transaction.add_ticket(ticket)
    return ticket_id


def made(
    kit: Kit,
    kind: str,
    user_id: str,
    seconds: int,
    area: str = "",
    data: dict[str, Any] | None = None,
    bound: tuple[str, ...] = (),
    ticket_id: str = "",
) -> tuple[str, Ticket]:
    """Return an id (256 random bits) and its ticket, which the caller must write.

    Args:
        kit: the application's parts.
        kind: kind of the ticket.
        user_id: key of the user.
        seconds: lifetime.
        area: key of the area, if the ticket is for an area.
        data: data to seal in the ticket.
        bound: further texts that the ticket is bound to, see `digest`.
        ticket_id: the id, if the caller has made it or keeps that of a used ticket.
    """
    ticket_id = ticket_id or secrets.token_urlsafe(32)
    hashed = digest(ticket_id, *bound)
    content = sealed(kit, user_id, kind, hashed, data) if data is not None else None
    expires_at = int(kit.clock()) + seconds
    return ticket_id, Ticket(hashed, user_id, kind, area, content, expires_at)


def sealed(kit: Kit, user_id: str, kind: str, hashed: str, data: dict[str, Any]) -> bytes:
    """Return data sealed for the ticket with this digest."""
    text = json.dumps(data, separators=(",", ":")).encode()
    return kit.vault.seal(text, vault.TICKET, user_id, kind, hashed)


def view(kit: Kit, subject: Subject, area: str = "") -> tuple[str, Ticket]:
    """Return an id and its ticket, which opens "view" areas for TWOFACTOR_VIEW_SECONDS.

    The caller must write the ticket. The id ends with the time when it expires, so that a request
    needs no statement to see that it has (`is_over`).

    Args:
        kit: the application's parts.
        subject: the user whose answer was right.
        area: key of the area; "" for all of them, after sign-in and activation.
    """
    seconds = kit.settings.view_seconds
    ticket_id = f"{secrets.token_urlsafe(32)}.{int(kit.clock()) + seconds}"
    bound = (subject.credential,)
    return made(kit, VIEW, subject.user_id, seconds, area, bound=bound, ticket_id=ticket_id)


def views(kit: Kit, subject: Subject) -> tuple[str, list[Ticket]]:
    """Return `view` for all areas; nothing and an empty id if none can be open."""
    if not kit.settings.view_seconds or all(area.guards != "access" for area in kit.areas):
        return "", []
    ticket_id, ticket = view(kit, subject)
    return ticket_id, [ticket]


def is_over(view_id: str, now: float) -> bool:
    """Return whether the id of a `view` names a time that is past."""
    until = view_id.rpartition(".")[2]
    return until.isdecimal() and int(until) <= now


def data_of(kit: Kit, ticket: Ticket) -> dict[str, Any]:
    """Return the data sealed in a ticket, empty if it has none.

    Raises:
        KeyMissing: the key of the data is not configured.
        SealBroken: the data was altered or is another ticket's.
    """
    if ticket.sealed is None:
        return {}
    context = (ticket.user_id, ticket.kind, ticket.digest)
    data: dict[str, Any] = json.loads(kit.vault.open(ticket.sealed, vault.TICKET, *context))
    return data


def unfinished(kit: Kit, kind: str, subject: Subject, ticket_id: str | None) -> dict[str, Any]:
    """Return the data of an unfinished enrolment, without using its ticket up.

    Raises:
        EnrolmentExpired: the enrolment has expired, was finished, is another user's or was begun
            with another credential.
    """
    if ticket_id is None:
        raise EnrolmentExpired("no enrolment")
    ticket = kit.store.ticket(digest(ticket_id, subject.credential), kind, kit.clock())
    if ticket is None or ticket.user_id != subject.user_id:
        raise EnrolmentExpired("enrolment over")
    return data_of(kit, ticket)


def just_begun(kit: Kit, kind: str, subject: Subject) -> dict[str, Any] | None:
    """Return the data of the user's enrolment of a kind, if it was begun a moment ago.

    It tells a form that was sent twice from one that comes too late. It permits nothing: only the
    session that began the enrolment can go on with it.
    """
    now = kit.clock()
    for ticket in kit.store.tickets(subject.user_id, kind, now):
        if ticket.expires_at > now + kit.settings.enrolment_seconds - MOMENT:
            return data_of(kit, ticket)
    return None


def grant(kit: Kit) -> Grant:
    """Return the retries of an answer that was just accepted."""
    return Grant(int(kit.clock()) + kit.settings.pass_seconds, RETRIES)


def leave_pass(kit: Kit, user_id: str, area: str, left: Grant, bound: tuple[str, ...]) -> str:
    """Issue a pass for sending a form with errors again; return its id.

    Args:
        kit: the application's parts.
        user_id: key of the user who gave the answer.
        area: key of the area.
        left: the retries of the answer; the new pass allows one less.
        bound: method, address and credential that the pass is for.
    """
    seconds, data = left.until - int(kit.clock()), {"left": left.left - 1}
    ticket = made(kit, PASS, user_id, seconds, area, data, bound)
    return kit.store.run(lambda tx: issue(tx, ticket))


def take_pass(
    kit: Kit,
    ticket_id: str,
    user_id: str,
    area: str,
    bound: tuple[str, ...],
    once: Ticket | None = None,
    deed: Deed | None = None,
) -> Grant | None:
    """Use up a pass.

    Args:
        kit: the application's parts.
        ticket_id: id of the pass.
        user_id: key of the user.
        area: key of the area.
        bound: as given to `leave_pass`.
        once: the continuation to execute, see `execute`.
        deed: function to call in the same transaction.

    Returns:
        The retries that its answer still allows, `None` if there is no such pass.

    Raises:
        AlreadyDone: the continuation was executed meanwhile.
    """
    now, hashed = kit.clock(), digest(ticket_id, *bound)

    def work(transaction: Transaction) -> Grant | None:
        taken = transaction.take_ticket(hashed, PASS, user_id, now, area)
        if taken is None:
            return None
        execute(kit, transaction, once)
        if deed is not None:
            deed(transaction)
        return Grant(taken.expires_at, data_of(kit, taken)["left"])

    return kit.store.run(work)


def execution(kit: Kit, user_id: str, continuation_id: str) -> Ticket:
    """Return the ticket that records the execution of a continuation; `execute` writes it.

    It does not expire before any page that carries the same form.
    """
    now = int(kit.clock())
    until = now + kit.settings.pending_seconds
    return Ticket(digest(continuation_id), user_id, EXECUTED, str(now), None, until)


def execute(kit: Kit, transaction: Transaction, once: Ticket | None) -> None:
    """Record the execution of a continuation, in the transaction that allows it.

    Args:
        kit: the application's parts.
        transaction: the transaction that judges the answer or uses up the pass.
        once: a result of `execution`, `None` if the request has no continuation.

    Raises:
        AlreadyDone: the continuation was executed meanwhile.
    """
    if once is None or transaction.add_ticket_once(once):
        return
    before = transaction.ticket(once.digest, EXECUTED, kit.clock())
    raise AlreadyDone(int((before or once).area), user_id=once.user_id)


def execute_open(kit: Kit, once: Ticket | None, deed: Deed | None = None) -> None:
    """Record the execution and call `deed` for a request without an answer; raises as `execute`."""

    def work(transaction: Transaction) -> None:
        execute(kit, transaction, once)
        if deed is not None:
            deed(transaction)

    kit.store.run(work)


def refuse_executed(kit: Kit, once: Ticket) -> None:
    """Check again that no parallel request executed a continuation.

    Raises:
        AlreadyDone: the continuation was executed.
    """
    before = kit.store.ticket(once.digest, EXECUTED, kit.clock())
    if before is not None:
        raise AlreadyDone(int(before.area))


def revoke(kit: Kit, user_id: str, connection: Connection | None = None) -> None:
    """End all pending sign-ins, passes, open views and unfinished enrolments of a user."""
    kit.run_or_join(connection, lambda tx: tx.drop_tickets(user_id))
