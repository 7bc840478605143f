"""Use cases: turn two-factor authentication on, and replace the recovery code."""

from dataclasses import dataclass, field

from ..core import changes
from ..core.answers import Answer, RecoveryCode
from ..core.areas import RECOVERY
from ..core.errors import (
    AlreadyOn,
    EnrolmentExpired,
)
from ..core.records import Account, Subject
from ..methods import recovery
from ..methods.registry import TOTP
from ..storage.transaction import Transaction
from . import authenticators, known_browsers, tickets, verification
from .context import Kit


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An unfinished enrolment, for the wizard. Two-factor authentication is still off.

    Args:
        secret: the shared secret, 20 bytes.
        recovery_code: the recovery code, for printing.
        areas: keys of the areas to protect.
        next_url: address to return to, if the wizard interrupted something.
        given: time when the password was entered, Unix seconds.
    """

    secret: bytes = field(repr=False)
    recovery_code: RecoveryCode = field(repr=False)
    areas: frozenset[str]
    next_url: str | None
    given: int


def begin(kit: Kit, subject: Subject, areas: frozenset[str], next_url: str | None = None) -> str:
    """Make a secret and a recovery code, and store both sealed in a ticket.

    The ticket replaces other unfinished enrolments of the user.

    Returns:
        The ticket's id, for the session.

    Raises:
        AlreadyOn: two-factor authentication is on. The secret in use does not change.
    """
    data = {
        "secret": TOTP.new_secret().hex(),
        "recovery": recovery.new_code().symbols,
        "areas": sorted(areas),
        "next": next_url,
        "given": int(kit.clock()),
    }

    def work(transaction: Transaction) -> str:
        if transaction.account(subject.user_id) is not None:
            raise AlreadyOn("two-factor authentication is on")
        transaction.drop_unfinished(subject.user_id, tickets.ENROLMENT, kit.clock())
        seconds, bound = kit.settings.enrolment_seconds, (subject.credential,)
        kind = tickets.ENROLMENT
        made = tickets.made(kit, kind, subject.user_id, seconds, data=data, bound=bound)
        return tickets.issue(transaction, made)

    return kit.store.run(work)


def resume(kit: Kit, subject: Subject, ticket_id: str | None) -> Enrolment:
    """Return the unfinished enrolment of a ticket, with the same secret each time.

    Raises:
        EnrolmentExpired: the enrolment has expired, was finished, is another user's or was begun
            with another credential.
    """
    data = tickets.unfinished(kit, tickets.ENROLMENT, subject, ticket_id)
    return Enrolment(
        secret=bytes.fromhex(data["secret"]),
        recovery_code=RecoveryCode.read(data["recovery"]),
        areas=frozenset(data["areas"]),
        next_url=data["next"],
        given=data["given"],
    )


def confirm(kit: Kit, subject: Subject, ticket_id: str | None, answer: Answer) -> Enrolment:
    """Turn two-factor authentication on with the first right code, and use that code up.

    Returns:
        The finished enrolment.

    Raises:
        CodeWrong, ClockOff: two-factor authentication is still off; try again.
        EnrolmentExpired, AlreadyOn: this enrolment is over.
    """
    enrolment = resume(kit, subject, ticket_id)
    now = kit.clock()
    step = TOTP.first_number(enrolment.secret, answer, now, kit.settings.window)
    account = Account(
        user_id=subject.user_id,
        areas=enrolment.areas,
        activated_at=int(now),
        recovery_hash=recovery.hash_code(enrolment.recovery_code, kit.settings.recovery_cost),
    )
    authenticator = authenticators.new(kit, subject.user_id, enrolment.secret, TOTP.label, step)
    hashed = tickets.digest(ticket_id or "", subject.credential)

    def work(transaction: Transaction) -> None:
        taken = transaction.take_ticket(hashed, tickets.ENROLMENT, subject.user_id, now)
        if taken is None:
            raise EnrolmentExpired("enrolment over")
        if transaction.account(subject.user_id) is not None:
            raise AlreadyOn("two-factor authentication is on")
        transaction.add_account(account)
        transaction.add_authenticator(authenticator)
        transaction.drop_tickets(subject.user_id)
        transaction.change(subject, changes.Activated(tuple(sorted(account.areas))))

    kit.store.run(work)
    return enrolment


def leave_proofs(kit: Kit, subject: Subject, given: int) -> tuple[str, str, str]:
    """Store what an activation leaves in its session and browser.

    That is a proof of the password, the mark of a known browser, and a ticket that opens the "view"
    areas for their window.

    This is a separate transaction, since the host may change the credential together with the
    activation, and the known browser is bound to the new credential.

    Args:
        kit: the application's parts.
        subject: the user, with the current credential.
        given: time when the password was entered, Unix seconds.

    Returns:
        The id of the proof, for the session, the id of the known browser, for its cookie, and the
        id of the open areas, for the session. The last two may be empty.
    """
    proof, ticket = tickets.password_proof(kit, subject.user_id, given)
    view, of_view = tickets.views(kit, subject)
    written, known = [ticket, *of_view], ""
    if kit.settings.known_seconds:
        known, browser = known_browsers.made(kit, subject)
        written.append(browser)
    kit.store.run(lambda tx: tx.add_ticket(*written))
    return proof, known, view


def replace_recovery_code(kit: Kit, subject: Subject, answer: Answer) -> RecoveryCode:
    """Replace the recovery code; takes a code of an authenticator.

    Returns:
        The new recovery code, to be shown once.

    Raises:
        CodeWrong, CodeReused, Held, NotOn: the old recovery code still works.
    """
    fresh = recovery.new_code()
    hashed = recovery.hash_code(fresh, kit.settings.recovery_cost)

    def work(transaction: Transaction) -> None:
        verification.verify(kit, transaction, subject, answer, RECOVERY.key)
        transaction.set_recovery(subject.user_id, hashed)
        transaction.change(subject, changes.RecoveryCodeReplaced())

    verification.judged(kit, work, RECOVERY.key, lambda _: subject.user_id)
    return fresh
