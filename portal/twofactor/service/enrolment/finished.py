"""The end of an enrolment: what it leaves, and what its last page shows."""

from dataclasses import dataclass

from ...core.answers import RecoveryCode
from ...core.records import Account, Subject
from .. import authenticators, known_browsers, passwords, tickets
from ..context import Kit
from .unfinished import Enrolment

# Longest time for which the recovery code is shown again after the activation, in seconds.
SHOWN_AGAIN = 900


def is_finished(ticket_id: str | None, account: Account | None) -> bool:
    """Return whether an enrolment that is over has made this account, e.g. by the same form."""
    made = authenticators.id_of(ticket_id)
    return account is not None and any(each.id == made for each in account.authenticators)


@dataclass(frozen=True, slots=True)
class Left:
    """The ids that an activation leaves in its session and browser; each may be empty.

    Args:
        proof: of the password.
        known: of the known browser, for its cookie.
        view: of the open "view" areas.
        activated: of what the last page of the wizard shows.
    """

    proof: str
    known: str
    view: str
    activated: str


def leave_proofs(kit: Kit, subject: Subject, finished: Enrolment) -> Left:
    """Store what an activation leaves in its session and browser.

    That is a proof of the password, the mark of a known browser, a ticket that opens the "view"
    areas for their window, and one that lets the last page of the wizard show the recovery code
    again. It ends after `SHOWN_AGAIN`, and when the recovery code is replaced.

    This is a separate transaction, since the host may change the credential together with the
    activation, and the known browser is bound to the new credential.

    Args:
        kit: the application's parts.
        subject: the user, with the current credential.
        finished: the enrolment, as `confirm` returned it.
    """
    proof, ticket = passwords.password_proof(kit, subject.user_id, finished.given)
    view, of_view = tickets.views(kit, subject)
    data = {"recovery": finished.recovery_code.symbols, "next": finished.next_url}
    bound = (subject.credential, finished.recovery_hash or "")
    activated, of_activated = tickets.made(
        kit,
        tickets.ACTIVATED,
        subject.user_id,
        min(SHOWN_AGAIN, kit.settings.enrolment_seconds),
        data=data,
        bound=bound,
    )
    written, known = [ticket, *of_view, of_activated], ""
    if kit.settings.known_seconds:
        known, browser = known_browsers.made(kit, subject)
        written.append(browser)
    kit.store.run(lambda tx: tx.add_ticket(*written))
    return Left(proof, known, view, activated)


def activated(
    kit: Kit, subject: Subject, ticket_id: str | None, account: Account
) -> tuple[RecoveryCode | None, str | None]:
    """Return the recovery code to show again after an activation, and where the person came from.

    Both are `None` once the time of the wizard is over, or the recovery code is another one.
    """
    if ticket_id is None or account.recovery_hash is None:
        return None, None
    hashed = tickets.digest(ticket_id, subject.credential, account.recovery_hash)
    ticket = kit.store.ticket(hashed, tickets.ACTIVATED, kit.clock())
    if ticket is None or ticket.user_id != subject.user_id:
        return None, None
    data = tickets.data_of(kit, ticket)
    return RecoveryCode.read(data["recovery"]), data["next"]
