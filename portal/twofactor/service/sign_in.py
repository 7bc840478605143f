"""The second step of signing in: a pending sign-in is a ticket, and half signed in is not in."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..core.answers import Answer, RecoveryCode
from ..core.areas import SIGN_IN
from ..core.errors import CodeWrong, SignInExpired
from ..core.records import Account, Subject, Ticket
from ..storage.transaction import Transaction
from . import deactivation, known_browsers, tickets, verification
from .context import Kit

T = TypeVar("T")

WRONG_CODES = 5


@dataclass(frozen=True, slots=True)
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
        known: what to send to the browser once the sign-in is complete (`known_browsers.note`).
        areas: the protected areas.
        guessed: whether wrong codes were counted since the last right one, elsewhere than on known
            browsers: who typed them knows the password.
    """

    user_id: str
    login_id: str
    remember: bool
    next_url: str | None
    given: int
    credential: str = field(default="", repr=False)
    proof: str = field(default="", repr=False)
    known: str = field(default="", repr=False)
    areas: frozenset[str] = frozenset()
    guessed: bool = False


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
        "known": account.known_failures,
        "given": int(kit.clock()),
        "credential": credential,
    }
    seconds = kit.settings.pending_seconds
    made = tickets.made(kit, tickets.SIGN_IN, account.user_id, seconds, data=data)
    return kit.store.run(lambda tx: tickets.issue(tx, made))


def pending(kit: Kit, ticket_id: str | None) -> Pending:
    """The pending sign-in of a ticket.

    Raises:
        SignInExpired: over; the password must be given again.
    """
    if ticket_id is None:
        raise SignInExpired("no pending sign-in")
    found = kit.store.waiting(tickets.digest(ticket_id), tickets.SIGN_IN, kit.clock())
    if found is None:
        raise SignInExpired("pending sign-in over")
    return _pending(kit, *found)


def complete(
    kit: Kit, ticket_id: str | None, address: str | None, answer: Answer, known: str = ""
) -> Pending:
    """Finish a pending sign-in with a code; whose it is, the ticket alone says.

    Args:
        kit: the application's parts.
        ticket_id: of the pending sign-in.
        address: network address of the client.
        answer: to judge.
        known: id of the browser's cookie of known browsers (`Subject.known`).

    Raises:
        CodeWrong, CodeReused, Held: still pending.
        SignInExpired: over, also after the fifth wrong code.
    """
    hashed = tickets.digest(ticket_id or "")

    def work(transaction: Transaction) -> Pending:
        of_browser = tickets.digest(known) if known else ""
        found = transaction.pending(hashed, tickets.SIGN_IN, of_browser, kit.clock())
        if found is None:
            raise SignInExpired("pending sign-in over")
        ticket, account = found
        done = _pending(kit, ticket, account)
        subject = Subject(ticket.user_id, address, done.credential, known)
        try:
            verification.verify(kit, transaction, subject, answer, SIGN_IN, account)
        except CodeWrong as wrong:
            if _spent(kit, ticket, account, known_browsers.is_known(subject, account)):
                _take(kit, transaction, ticket)
                wrong.over = True
            raise
        _take(kit, transaction, ticket)
        proof, of_proof = tickets.password_proof(kit, done.user_id, done.given)
        fresh = known_browsers.note(kit, transaction, subject, account, of_proof)
        return replace(done, proof=proof, known=fresh)

    return verification.judged(kit, work, SIGN_IN, lambda done: done.user_id)


def complete_by_recovery(
    kit: Kit,
    ticket_id: str | None,
    address: str | None,
    answer: RecoveryCode,
    load: Callable[[Pending], T],
    renewal: Callable[[Pending, T], Callable[[], object] | None],
) -> tuple[Pending, T]:
    """Finish a pending sign-in with the recovery code, which switches two-factor off.

    Args:
        kit: the application's parts.
        ticket_id: of the pending sign-in.
        address: network address of the client.
        answer: to judge.
        load: returns the host's user, and raises when the sign-in was begun with a credential that
            has changed since: then nothing must be switched off.
        renewal: returns what replaces the password, where that is asked; raises when no good one
            was given, before anything is judged. The replacement happens once the recovery code
            was found right and before it is used up: nobody is let in by the password alone.

    Raises:
        RecoveryWrong, RecoveryHeld: still pending.
        SignInExpired: over.
    """
    waiting = pending(kit, ticket_id)
    user = load(waiting)
    renew = renewal(waiting, user)
    subject = Subject(waiting.user_id, address)
    hashed = tickets.digest(ticket_id or "")
    deactivation.deactivate_by_recovery(kit, subject, answer, SIGN_IN, hashed, renew)
    return waiting, user


def _spent(kit: Kit, ticket: Ticket, account: Account, known: bool) -> bool:
    """Whether the wrong code just counted was the last that this sign-in bears.

    On a known browser strangers' do not count: they must not end the owner's sign-in.
    """
    data = tickets.data_of(kit, ticket)
    if known:
        counted = account.known_failures - int(data.get("known", 0))
    else:
        counted = account.failures - int(data["failures"])
    return counted + 1 >= WRONG_CODES


def _take(kit: Kit, transaction: Transaction, ticket: Ticket) -> None:
    now = kit.clock()
    if transaction.take_ticket(ticket.digest, ticket.kind, ticket.user_id, now) is None:
        raise SignInExpired("pending sign-in over")


def _pending(kit: Kit, ticket: Ticket, account: Account) -> Pending:
    data = tickets.data_of(kit, ticket)
    return Pending(
        user_id=ticket.user_id,
        login_id=data["login"],
        remember=data["remember"],
        next_url=data["next"],
        given=data["given"],
        credential=data.get("credential", ""),
        areas=account.areas,
        guessed=account.codes.run > 0,
    )
