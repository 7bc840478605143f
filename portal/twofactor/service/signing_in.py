"""The second step of signing in: a pending sign-in is a ticket, and half signed in is not in."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..core.areas import SIGN_IN
from ..core.errors import CodeWrong, SignInExpired
from ..core.records import Account, Subject, Ticket
from ..methods import recovery, totp
from ..storage.transaction import Transaction
from . import preferences, tickets, verification
from .kit import Kit

T = TypeVar("T")

WRONG_CODES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """A sign-in whose password was right and whose code is outstanding.

    Args:
        user_id: the host's string for the user.
        login_id: what the host's user loader takes.
        remember: whether the person asked to stay signed in.
        next_url: where to go afterwards.
        given: when the password was given, Unix seconds.
        credential: digest of the user's credential as it was then (`Subject.credential`).
        proof: the id of the ticket that says so once the sign-in is complete, for the session.
    """

    user_id: str
    login_id: str
    remember: bool
    next_url: str | None
    given: int
    credential: str = field(default="", repr=False)
    proof: str = field(default="", repr=False)


def begin(
    kit: Kit,
    account: Account,
    login_id: str,
    remember: bool,
    next_url: str | None,
    credential: str = "",
) -> str:
    """Leave a pending sign-in.

    Args:
        kit: the application's parts.
        account: of the user whose password was right.
        login_id: what the host's user loader takes.
        remember: whether the person asked to stay signed in.
        next_url: where to go afterwards.
        credential: digest of the credential that the password was compared with.

    Returns:
        The ticket's id, for the session.
    """
    data = {
        "login": login_id,
        "remember": remember,
        "next": next_url,
        "failures": account.failures,
        "given": int(kit.clock()),
        "credential": credential,
    }
    seconds = kit.settings.pending_seconds
    return kit.store.run(
        lambda tx: tickets.issue(kit, tx, tickets.SIGN_IN, account.user_id, seconds, data=data)
    )


def pending(kit: Kit, ticket_id: str | None) -> Pending:
    """The pending sign-in of a ticket.

    Raises:
        SignInExpired: over; the password must be given again.
    """
    if ticket_id is None:
        raise SignInExpired("no pending sign-in")
    ticket = kit.store.ticket(tickets.digest(ticket_id), tickets.SIGN_IN, kit.clock())
    if ticket is None:
        raise SignInExpired("pending sign-in over")
    return _pending(kit, ticket)


def complete(kit: Kit, ticket_id: str | None, address: str | None, text: str) -> Pending:
    """Finish a pending sign-in with a code; whose it is, the ticket alone says.

    Raises:
        MalformedCode, CodeWrong, CodeReused, Held: still pending.
        SignInExpired: over, also after the fifth wrong code.
    """
    code = totp.parse_code(text)
    hashed = tickets.digest(ticket_id or "")

    def work(transaction: Transaction) -> Pending:
        found = transaction.pending(hashed, tickets.SIGN_IN, kit.clock())
        if found is None:
            raise SignInExpired("pending sign-in over")
        ticket, account = found
        subject = Subject(ticket.user_id, address)
        try:
            verification.verify(kit, transaction, subject, code, SIGN_IN, account)
        except CodeWrong as wrong:
            if _spent(kit, ticket, account):
                _take(kit, transaction, ticket)
                wrong.over = True
            raise
        _take(kit, transaction, ticket)
        done = _pending(kit, ticket)
        proof = tickets.issue_password_proof(kit, transaction, done.user_id, done.given)
        return replace(done, proof=proof)

    return verification.judged(kit, work, SIGN_IN, lambda done: done.user_id)


def complete_by_recovery(
    kit: Kit,
    ticket_id: str | None,
    address: str | None,
    text: str,
    load: Callable[[Pending], T],
) -> tuple[Pending, T]:
    """Finish a pending sign-in with the recovery code, which switches two-factor off.

    Args:
        kit: the application's parts.
        ticket_id: of the pending sign-in.
        address: network address of the client.
        text: what was typed.
        load: returns the host's user, and raises when the sign-in was begun with a credential that
            has changed since: then nothing must be switched off.

    Raises:
        MalformedCode, RecoveryWrong, RecoveryHeld: still pending.
        SignInExpired: over.
    """
    recovery.parse_code(text)
    waiting = pending(kit, ticket_id)
    user = load(waiting)
    subject = Subject(waiting.user_id, address)
    hashed = tickets.digest(ticket_id or "")
    preferences.deactivate_by_recovery(kit, subject, text, SIGN_IN, hashed)
    return waiting, user


def _spent(kit: Kit, ticket: Ticket, account: Account) -> bool:
    """Whether the wrong code just counted was the last that this sign-in bears."""
    begun: int = tickets.data_of(kit, ticket)["failures"]
    return account.failures + 1 - begun >= WRONG_CODES


def _take(kit: Kit, transaction: Transaction, ticket: Ticket) -> None:
    now = kit.clock()
    if transaction.take_ticket(ticket.digest, ticket.kind, ticket.user_id, now) is None:
        raise SignInExpired("pending sign-in over")


def _pending(kit: Kit, ticket: Ticket) -> Pending:
    data = tickets.data_of(kit, ticket)
    return Pending(
        user_id=ticket.user_id,
        login_id=data["login"],
        remember=data["remember"],
        next_url=data["next"],
        given=data["given"],
        credential=data.get("credential", ""),
    )
