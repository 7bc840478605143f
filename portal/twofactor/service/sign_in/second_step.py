"""Use cases: the second step of a sign-in.

A pending sign-in is a ticket. Its user is not signed in before the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ...core.answers import Answer, RecoveryCode
from ...core.areas import SIGN_IN
from ...core.errors import CodeWrong, SignInExpired
from ...core.records import Account, Subject, Ticket
from ...storage.transaction import Transaction
from .. import deactivation, known_browsers, passwords, tickets, verification
from ..context import Kit

T = TypeVar("T")

WRONG_CODES = 5
# Kind of the ticket that a completed sign-in leaves for a moment.
COMPLETED = "signed_in"


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in with a right password that still needs an answer.

    Args:
        user_id: the host's string for the user.
        login_id: id for the host's user loader.
        remember: whether the person asked to stay signed in.
        next_url: address to go to afterwards.
        given: time when the password was entered, Unix seconds.
        credential: digest of the user's credential at that time (`Subject.credential`).
        proof: id of the password's proof once the sign-in is complete, for the session.
        known: id for the browser once the sign-in is complete (`known_browsers.note`).
        areas: keys of the protected areas.
        guessed: whether wrong codes from unknown browsers were counted since the last right code.
            The person who typed them knows the password.
        name: name of the account, for people.
        used: smallest latest step of the authenticator apps (`Account.used`).
        view: id of the ticket that opens the "view" areas once the sign-in is complete, or "".
        account: as it was read with the sign-in.
        elsewhere: as `Proof.elsewhere`, once the sign-in is complete.
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
    name: str = ""
    used: int | None = None
    view: str = field(default="", repr=False)
    account: Account | None = field(default=None, repr=False)
    elsewhere: bool = False


def begin(
    kit: Kit,
    account: Account,
    login_id: str,
    remember: bool,
    next_url: str | None,
    credential: str = "",
    name: str = "",
) -> str:
    """Begin a pending sign-in.

    Args:
        kit: the application's parts.
        account: account of the user whose password was right.
        login_id: id for the host's user loader.
        remember: whether the person asked to stay signed in.
        next_url: address to go to afterwards.
        credential: digest of the credential that the password was compared with.
        name: name of the account, for people.

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
        "name": name,
    }
    seconds = kit.settings.pending_seconds
    made = tickets.made(kit, tickets.SIGN_IN, account.user_id, seconds, data=data)
    return kit.store.run(lambda tx: tickets.issue(tx, made))


def pending(kit: Kit, ticket_id: str | None) -> Pending:
    """Return the pending sign-in of a ticket.

    Raises:
        SignInExpired: the sign-in is over; the password must be entered again.
    """
    if ticket_id is None:
        raise SignInExpired("no pending sign-in")
    found = kit.store.waiting(tickets.digest(ticket_id), tickets.SIGN_IN, kit.clock())
    if found is None:
        raise SignInExpired("pending sign-in over")
    return _pending(kit, *found)


def complete(
    kit: Kit,
    ticket_id: str | None,
    address: str | None,
    answer: Answer,
    known: str = "",
    seen: Callable[[Pending], object] = lambda _: None,
    request: str = "",
) -> Pending:
    """Complete a pending sign-in with a code or a passkey. Only its ticket decides who the user is.

    Args:
        kit: the application's parts.
        ticket_id: id of the pending sign-in.
        address: network address of the client.
        answer: the code, or the assertion of a passkey.
        known: id from the browser's cookie `twofactor_known` (`Subject.known`).
        seen: is given the pending sign-in before the answer is judged.
        request: as `Subject.request`.

    Raises:
        PasskeyRefusal: the sign-in is still pending; passkeys do not count towards the five.
        CodeWrong, CodeReused, Held: the sign-in is still pending, except after its fifth wrong
            code (`CodeWrong.over`).
        SignInExpired: the sign-in is over.
    """
    hashed = tickets.digest(ticket_id or "")

    def work(transaction: Transaction) -> Pending:
        of_browser = tickets.digest(known) if known else ""
        found = transaction.pending(hashed, tickets.SIGN_IN, of_browser, kit.clock())
        if found is None:
            raise SignInExpired("pending sign-in over")
        ticket, account = found
        done = _pending(kit, ticket, account)
        seen(done)
        subject = Subject(ticket.user_id, address, done.credential, known, request=request)
        try:
            right = verification.verify(
                kit, transaction, subject, answer, SIGN_IN, account, with_password=True
            )
        except CodeWrong as wrong:
            if _spent(kit, ticket, account, known_browsers.is_known(subject, account)):
                _take(kit, transaction, ticket)
                wrong.over = True
            raise
        _take(kit, transaction, ticket)
        proof, of_proof = passwords.password_proof(kit, done.user_id, done.given)
        view, of_view = tickets.views(kit, subject)
        left = _left(kit, done, ticket_id)
        fresh = known_browsers.note(kit, transaction, subject, account, of_proof, *of_view, left)
        return replace(done, proof=proof, known=fresh, view=view, elsewhere=right.elsewhere)

    return verification.judged(kit, work, answer, SIGN_IN, lambda done: done.user_id)


def completed(kit: Kit, ticket_id: str | None) -> tuple[str | None] | None:
    """Return the next address of a sign-in that was completed a moment ago, e.g. by the same form.

    It signs nobody in: the session of the request that completed the sign-in decides.

    Returns:
        The address in a tuple, `None` if the sign-in was not completed.
    """
    if ticket_id is None:
        return None
    found = kit.store.ticket(tickets.digest(ticket_id, COMPLETED), COMPLETED, kit.clock())
    return (tickets.data_of(kit, found)["next"],) if found is not None else None


def complete_by_recovery(
    kit: Kit,
    ticket_id: str | None,
    address: str | None,
    answer: RecoveryCode,
    load: Callable[[Pending], T],
    renewal: Callable[[Pending, T], Callable[[], object] | None],
) -> tuple[Pending, T]:
    """Complete a pending sign-in with the recovery code, which turns two-factor off.

    Args:
        kit: the application's parts.
        ticket_id: id of the pending sign-in.
        address: network address of the client.
        answer: the recovery code.
        load: returns the host's user. It raises if the credential has changed since the sign-in
            began; then two-factor authentication stays on.
        renewal: returns a function that replaces the password, `None` if none is needed. It raises
            if the new password is missing or refused, before the recovery code is judged. The
            replacement happens after the recovery code was found right and before it is used up,
            so that the old password is never enough to sign in.

    Raises:
        RecoveryWrong, RecoveryHeld: the sign-in is still pending.
        SignInExpired: the sign-in is over.
    """
    waiting = pending(kit, ticket_id)
    user = load(waiting)
    renew = renewal(waiting, user)
    subject = Subject(waiting.user_id, address)
    hashed = tickets.digest(ticket_id or "")
    left = _left(kit, waiting, ticket_id)
    deactivation.deactivate_by_recovery(kit, subject, answer, SIGN_IN, hashed, renew, left)
    return waiting, user


def _left(kit: Kit, done: Pending, ticket_id: str | None) -> Ticket:
    """Return the ticket that a completed sign-in leaves for `completed`."""
    data = {"next": done.next_url}
    bound, kept = (COMPLETED,), ticket_id or ""
    made = tickets.made(
        kit, COMPLETED, done.user_id, tickets.MOMENT, data=data, bound=bound, ticket_id=kept
    )
    return made[1]


def cancel(kit: Kit, ticket_id: str | None) -> None:
    """End a pending sign-in before its time."""
    hashed = tickets.digest(ticket_id or "")
    kit.store.run(lambda tx: tx.end_ticket(hashed, tickets.SIGN_IN))


def _spent(kit: Kit, ticket: Ticket, account: Account, known: bool) -> bool:
    """Return whether this was the last wrong code the sign-in allows.

    On a known browser only codes from known browsers count, so that strangers can't end the
    owner's sign-in.
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
        name=data.get("name", ""),
        used=account.used,
        account=account,
    )
