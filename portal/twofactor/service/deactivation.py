"""Use cases: turn two-factor authentication off, and forget the user of a closed account."""

from collections.abc import Callable
from typing import Literal

from sqlalchemy import Connection

from ..core import changes
from ..core.answers import Answer, Assertion, RecoveryCode
from ..core.areas import DEACTIVATION
from ..core.errors import RecoveryWrong, SignInExpired
from ..core.records import Account, Subject, Ticket
from ..storage.transaction import Transaction
from . import tickets, undo, verification
from .context import Kit
from .judging import recovery_codes

By = Literal["code", "passkey", "recovery"]


def deactivate(kit: Kit, subject: Subject, answer: Answer, *, verified: bool = False) -> By:
    """Turn two-factor authentication off with a code, a passkey or the recovery code.

    Args:
        kit: the application's parts.
        subject: user, browser and request.
        answer: any answer.
        verified: whether a passkey must have verified the person.

    Returns:
        The kind of the answer.

    Raises:
        CodeWrong, CodeReused, Held, PasskeyRefusal, RecoveryWrong, RecoveryHeld: it stays on.
        NotOn: it is off.
    """
    if isinstance(answer, RecoveryCode):
        deactivate_by_recovery(kit, subject, answer, DEACTIVATION.key)
        return "recovery"

    by: Literal["code", "passkey"] = "passkey" if isinstance(answer, Assertion) else "code"

    def work(transaction: Transaction) -> None:
        key = DEACTIVATION.key
        # An undo puts back the devices of now, none that was removed while this waited.
        transaction.wait_for(subject.user_id)
        proof = verification.verify(kit, transaction, subject, answer, key, verified=verified)
        transaction.remove_account(subject.user_id, proof.account)
        undo.change(kit, transaction, subject, proof.after, changes.Deactivated(by))

    verification.judged(kit, work, answer, DEACTIVATION.key, lambda _: subject.user_id)
    return by


def deactivate_by_recovery(
    kit: Kit,
    subject: Subject,
    answer: RecoveryCode,
    area: str,
    pending: str | None = None,
    first: Callable[[], object] | None = None,
    left: Ticket | None = None,
) -> None:
    """Turn two-factor authentication off with the recovery code, and use that code up.

    Args:
        kit: the application's parts.
        subject: user and network address.
        answer: the recovery code.
        area: key of the area, for the event.
        pending: digest of the pending sign-in to complete, which must still exist.
        first: function to call when the code was found right, before it is used up. It sets a new
            password, which ends the pending sign-in.
        left: ticket to write, for the same form if it was sent twice.

    Raises:
        RecoveryWrong, RecoveryHeld, NotOn, SignInExpired: nothing is turned off.
    """
    hashed = recovery_codes.judge(kit, subject, answer, area)
    if first is not None:
        first()
        pending = None

    def work(transaction: Transaction) -> None:
        account = _locked(kit, transaction, subject, pending)
        if account is None or account.recovery_hash != hashed:
            raise RecoveryWrong("used meanwhile") if pending is None else SignInExpired("over")
        transaction.remove_account(subject.user_id, account)
        used, off = changes.RecoveryCodeUsed(area), changes.Deactivated("recovery")
        undo.change(kit, transaction, subject, account, used, off)
        if left is not None:
            transaction.add_ticket(left)

    kit.store.run(work)


def _locked(
    kit: Kit, transaction: Transaction, subject: Subject, pending: str | None
) -> Account | None:
    """Lock and return the account, `None` if it is gone, or the pending sign-in is."""
    if pending is None:
        return transaction.account(subject.user_id, lock=True)
    found = transaction.pending(pending, tickets.SIGN_IN, "", kit.clock())
    return None if found is None else found[1]


def forget(kit: Kit, user_id: str, connection: Connection | None = None) -> None:
    """Remove all data of a user whose account at the host is closed, including events."""
    from .help_desk import requests  # few users close their account

    def work(transaction: Transaction) -> None:
        was_on = transaction.remove_account(user_id)
        transaction.drop_traces(user_id)
        # There was no account to lock. An activation or an undo at the same moment has a ticket
        # locked, and what it has written is seen after the wait for that.
        if not was_on and transaction.remove_account(user_id):
            transaction.drop_traces(user_id)
        requests.forget_in(transaction, user_id)

    kit.run_or_join(connection, work)
