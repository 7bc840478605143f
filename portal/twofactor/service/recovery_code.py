"""Use cases: replace the recovery code, in two steps.

The new code counts once the person has said that it is saved; until then the old one does.
"""

from ..core import changes
from ..core.answers import Answer, RecoveryCode
from ..core.areas import RECOVERY
from ..core.enrolment_errors import RecoveryExpired
from ..core.errors import EnrolmentExpired, NotOn
from ..core.records import Subject
from ..methods import recovery
from ..storage.transaction import Transaction
from . import tickets, undo, verification
from .context import Kit

# Kind of the ticket of a code that was saved, until the ticket would have expired.
SAVED = "recovery_saved"


def make(kit: Kit, subject: Subject, answer: Answer) -> str:
    """Make a new recovery code, sealed in a ticket; takes an answer of an authenticator.

    The ticket replaces other unsaved codes of the user.

    Returns:
        The ticket's id, for the session.

    Raises:
        CodeWrong, CodeReused, DeviceYoung, Held, PasskeyRefusal, NotOn: no code is made.
    """
    data = {"recovery": recovery.new_code().symbols}

    def work(transaction: Transaction) -> str:
        verification.verify(kit, transaction, subject, answer, RECOVERY.key)
        transaction.drop_unfinished(subject.user_id, tickets.RECOVERY, kit.clock())
        seconds, bound = kit.settings.enrolment_seconds, (subject.credential,)
        kind = tickets.RECOVERY
        made = tickets.made(kit, kind, subject.user_id, seconds, data=data, bound=bound)
        return tickets.issue(transaction, made)

    return verification.judged(kit, work, answer, RECOVERY.key, lambda _: subject.user_id)


def unsaved(kit: Kit, subject: Subject, ticket_id: str | None) -> RecoveryCode:
    """Return the new recovery code of a ticket, the same each time.

    Raises:
        RecoveryExpired: it has expired, was saved or cancelled, or is another user's.
    """
    try:
        data = tickets.unfinished(kit, tickets.RECOVERY, subject, ticket_id)
    except EnrolmentExpired as expired:
        raise RecoveryExpired("no unsaved code", area=RECOVERY.key) from expired
    return RecoveryCode.read(data["recovery"])


def save(kit: Kit, subject: Subject, ticket_id: str | None) -> None:
    """Make the new recovery code count and void the old one; a second call changes nothing.

    Raises:
        RecoveryExpired, NotOn: the old recovery code still counts, if there is one.
    """
    hashed = tickets.digest(ticket_id or "", subject.credential)
    try:
        fresh = unsaved(kit, subject, ticket_id)
    except RecoveryExpired:
        if _is_saved(kit, subject, hashed):
            return
        raise
    recovery_hash = recovery.hash_code(fresh, kit.settings.recovery_cost)

    def work(transaction: Transaction) -> None:
        # The lock of the account comes first, as in every other transaction.
        account = transaction.account(subject.user_id, lock=True)
        if account is None:
            raise NotOn("no second factor")
        saved = {"kind": SAVED, "sealed": None}
        if not transaction.change_ticket(hashed, tickets.RECOVERY, subject.user_id, saved):
            raise RecoveryExpired("saved or cancelled meanwhile", area=RECOVERY.key)
        transaction.set_recovery(subject.user_id, recovery_hash)
        undo.change(kit, transaction, subject, account, changes.RecoveryCodeReplaced())

    try:
        kit.store.run(work)
    except RecoveryExpired:
        if not _is_saved(kit, subject, hashed):
            raise


def cancel(kit: Kit, subject: Subject, ticket_id: str | None) -> bool:
    """End an unsaved code, so that the old one stays; return whether there was one."""
    hashed = tickets.digest(ticket_id or "", subject.credential)
    return kit.store.run(lambda tx: tx.drop_ticket(hashed, tickets.RECOVERY, subject.user_id))


def is_under_way(kit: Kit, subject: Subject) -> bool:
    """Return whether a code was made a moment ago, e.g. by the same form sent twice at once."""
    return tickets.just_begun(kit, tickets.RECOVERY, subject) is not None


def _is_saved(kit: Kit, subject: Subject, hashed: str) -> bool:
    found = kit.store.ticket(hashed, SAVED, kit.clock())
    return found is not None and found.user_id == subject.user_id
