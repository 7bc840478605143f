"""Tickets: the one mechanism for everything short-lived.

The database knows the hash of a random id alone, the session the id alone; a ticket is used up by
one DELETE that must hit one row, so no old cookie and no second worker uses it twice.
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
PASS = "pass"  # noqa: S105 - names a kind of ticket, no secret
VIEW = "view"
PASSWORD = "password"  # noqa: S105 - names a kind of ticket, no secret

# A change of the blueprint's own that a code lets through.
Deed = Callable[[Transaction], object]
# How often a form may come back and be sent again without a new code.
RETRIES = 2


@dataclass(frozen=True, slots=True)
class Grant:
    """The retries that a code still allows.

    Args:
        until: when it ends (Unix seconds), the same for every pass that comes of the code.
        left: how many passes may still be left.
    """

    until: int = 0
    left: int = 0

    def is_good(self, now: float) -> bool:
        """Return whether a pass may be left."""
        return self.left > 0 and self.until > now


NOTHING = Grant()


def digest(ticket_id: str, *bound: str) -> str:
    """Return what the database knows of a ticket's id (SHA-256, 64 hexadecimal digits).

    Args:
        ticket_id: the random id, as the session or a cookie has it.
        bound: what the ticket is bound to besides, e.g. `Subject.credential`: with anything else
            the ticket is not found. Empty texts bind to nothing.
    """
    parts = [ticket_id, *filter(None, bound)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def issue(transaction: Transaction, made: tuple[str, Ticket]) -> str:
    """Write a ticket as `made` returns it; returns its id, which is for the session alone."""
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
    """Return an id (256 random bits) and its ticket, which is still to be written.

    Args:
        kit: the application's parts.
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
    return ticket_id, Ticket(hashed, user_id, kind, area, sealed, expires_at)


def data_of(kit: Kit, ticket: Ticket) -> dict[str, Any]:
    """Return the data in a ticket.

    Raises:
        KeyMissing: sealed under a key that is not configured.
        SealBroken: altered, or another ticket's.
    """
    if ticket.sealed is None:
        return {}
    context = (ticket.user_id, ticket.kind, ticket.digest)
    data: dict[str, Any] = json.loads(kit.vault.open(ticket.sealed, vault.TICKET, *context))
    return data


def unfinished(kit: Kit, kind: str, subject: Subject, ticket_id: str | None) -> dict[str, Any]:
    """Return the data of an unfinished enrolment, and leave it in place.

    Raises:
        EnrolmentExpired: over, finished, another user's, or begun with another credential.
    """
    if ticket_id is None:
        raise EnrolmentExpired("no enrolment")
    ticket = kit.store.ticket(digest(ticket_id, subject.credential), kind, kit.clock())
    if ticket is None or ticket.user_id != subject.user_id:
        raise EnrolmentExpired("enrolment over")
    return data_of(kit, ticket)


def grant(kit: Kit) -> Grant:
    """Return the retries of a code that was judged right just now."""
    return Grant(int(kit.clock()) + kit.settings.pass_seconds, RETRIES)


def leave_pass(kit: Kit, user_id: str, area: str, left: Grant, bound: tuple[str, ...]) -> str:
    """Issue a pass for one more try of a form that came back.

    Args:
        kit: the application's parts.
        user_id: whose code it was.
        area: key of the area.
        left: what the code still allows; this uses one of it up.
        bound: method, address and credential that it is for.
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
        ticket_id: its id.
        user_id: whose it is.
        area: key of the area.
        bound: as it was left.
        once: the continuation that is executed with it, see `execute`.
        deed: done in the same transaction.

    Returns:
        What its code still allows, `None` if there is no such pass.

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
    """Make the ticket that says that a continuation is executed now; `execute` writes it.

    It lasts as long as any page may that carries the same form.
    """
    now = int(kit.clock())
    until = now + kit.settings.pending_seconds
    return Ticket(digest(continuation_id), user_id, EXECUTED, str(now), None, until)


def execute(kit: Kit, transaction: Transaction, once: Ticket | None) -> None:
    """Note that a continuation is executed, in the transaction that lets it happen.

    Args:
        kit: the application's parts.
        transaction: where the code is judged, or the pass taken.
        once: as `execution` makes it, `None` where no continuation came.

    Raises:
        AlreadyDone: it was executed meanwhile.
    """
    if once is None or transaction.add_ticket_once(once):
        return
    before = transaction.ticket(once.digest, EXECUTED, kit.clock())
    raise AlreadyDone(int((before or once).area), user_id=once.user_id)


def execute_open(kit: Kit, once: Ticket | None, deed: Deed | None = None) -> None:
    """Note the same, and do the deed, where no code had to be judged; raises as `execute`."""

    def work(transaction: Transaction) -> None:
        execute(kit, transaction, once)
        if deed is not None:
            deed(transaction)

    kit.store.run(work)


def refuse_executed(kit: Kit, once: Ticket) -> None:
    """Look once more whether a continuation was executed: by a request that came with this one.

    Raises:
        AlreadyDone: it was.
    """
    before = kit.store.ticket(once.digest, EXECUTED, kit.clock())
    if before is not None:
        raise AlreadyDone(int(before.area))


def leave_password_proof(kit: Kit, user_id: str) -> str:
    """Remember for a while that the password was given in this session just now."""
    proof, ticket = password_proof(kit, user_id, int(kit.clock()))
    kit.store.run(lambda tx: tx.add_ticket(ticket))
    return proof


def password_proof(kit: Kit, user_id: str, given: int) -> tuple[str, Ticket]:
    """The same of a time before, still to be written: id and ticket."""
    seconds = kit.settings.fresh_seconds - (int(kit.clock()) - given)
    return made(kit, PASSWORD, user_id, seconds)


def revoke(kit: Kit, user_id: str, connection: Connection | None = None) -> None:
    """End everything half done of a user: pending sign-ins, passes, open views, enrolments."""
    kit.run_or_join(connection, lambda tx: tx.drop_tickets(user_id))
