"""Turn two-factor authentication off: by a code, by the recovery code, for a closed account."""

from collections.abc import Callable

from sqlalchemy import Connection

from ..core import changes
from ..core.answers import Answer, RecoveryCode
from ..core.areas import DEACTIVATION
from ..core.errors import RecoveryWrong, SignInExpired
from ..core.records import Subject
from ..storage.transaction import Transaction
from . import verification
from .context import Kit


def deactivate(kit: Kit, subject: Subject, answer: Answer) -> str:
    """Switch two-factor authentication off with a code or with the recovery code.

    Returns:
        "code" or "recovery": what did it.

    Raises:
        CodeWrong, CodeReused, Held, RecoveryWrong, RecoveryHeld: it stays on.
        NotOn: it is off.
    """
    if isinstance(answer, RecoveryCode):
        deactivate_by_recovery(kit, subject, answer, DEACTIVATION.key)
        return "recovery"

    def work(transaction: Transaction) -> None:
        verification.verify(kit, transaction, subject, answer, DEACTIVATION.key)
        transaction.remove_account(subject.user_id)
        transaction.change(subject, changes.Deactivated("code"))

    verification.judged(kit, work, DEACTIVATION.key, lambda _: subject.user_id)
    return "code"


def deactivate_by_recovery(
    kit: Kit,
    subject: Subject,
    answer: RecoveryCode,
    area: str,
    pending: str | None = None,
    first: Callable[[], object] | None = None,
) -> None:
    """Switch two-factor authentication off with the recovery code, once.

    Args:
        kit: the application's parts.
        subject: who answers.
        answer: to judge.
        area: key of the area, for the record.
        pending: digest of the pending sign-in that it finishes, which must still be there.
        first: done once the code was found right and before it is used up (a new password, which
            ends the pending sign-in).

    Raises:
        RecoveryWrong, RecoveryHeld, NotOn, SignInExpired: it stays as it is.
    """
    hashed = verification.judge_recovery(kit, subject, answer, area)
    if first is not None:
        first()
        pending = None

    def work(transaction: Transaction) -> None:
        if not transaction.remove_account(subject.user_id, hashed, pending):
            raise RecoveryWrong("used meanwhile") if pending is None else SignInExpired("over")
        used, off = changes.RecoveryCodeUsed(area), changes.Deactivated("recovery")
        transaction.change(subject, used, off)

    kit.store.run(work)


def forget(kit: Kit, user_id: str, connection: Connection | None = None) -> None:
    """Remove everything of a user whose account at the host is closed, the record included."""

    def work(transaction: Transaction) -> None:
        transaction.remove_account(user_id)
        transaction.drop_traces(user_id)

    kit.run_or_join(connection, work)
