"""What a user changes while two-factor authentication is on: areas, recovery code, off."""

from collections.abc import Callable

from sqlalchemy import Connection

from ..core import changes
from ..core.answers import Answer, RecoveryCode
from ..core.areas import DEACTIVATION, RECOVERY
from ..core.errors import (
    AreasChanged,
    ChallengeRequired,
    NotOn,
    RecoveryWrong,
    SignInExpired,
)
from ..core.records import Account, Subject
from ..methods import recovery
from ..storage.transaction import Transaction
from . import verification
from .kit import Kit


def removed_areas(kit: Kit, account: Account, wanted: frozenset[str]) -> frozenset[str]:
    """The areas that would no longer be protected; those no longer on offer do not count."""
    return frozenset(key for key in account.areas - wanted if key in kit.areas)


def add_areas(kit: Kit, subject: Subject, wanted: frozenset[str]) -> bool:
    """Choose areas besides those of before, which needs no code.

    Args:
        kit: the application's parts.
        subject: who chooses.
        wanted: the whole choice, as `AreaRegistry.chosen` gives it.

    Returns:
        Whether anything changed.

    Raises:
        NotOn: there is nothing to choose.
        ChallengeRequired: an area would be removed.
        AreasChanged: another request was first.
    """

    def work(transaction: Transaction) -> bool:
        return _choose(kit, transaction, subject, wanted, may_remove=False)

    return kit.store.run(work)


def choose_areas(
    kit: Kit, transaction: Transaction, subject: Subject, wanted: frozenset[str]
) -> bool:
    """Choose areas in the transaction that uses up a code, and remove those not wanted.

    Arguments, return value and errors as `add_areas`.
    """
    return _choose(kit, transaction, subject, wanted, may_remove=True)


def _choose(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    wanted: frozenset[str],
    *,
    may_remove: bool,
) -> bool:
    account = transaction.account(subject.user_id, lock=True)
    if account is None:
        raise NotOn("no second factor")
    added, removed = wanted - account.areas, removed_areas(kit, account, wanted)
    if removed and not may_remove:
        raise ChallengeRequired("areas would be removed")
    if not (added or removed):
        return False
    if not transaction.set_areas(account, wanted):
        raise AreasChanged("areas changed meanwhile")
    change = changes.AreasChanged(tuple(sorted(added)), tuple(sorted(removed)))
    transaction.change(subject, change)
    return True


def replace_recovery_code(kit: Kit, subject: Subject, answer: Answer) -> RecoveryCode:
    """Make a new recovery code with a code of the authenticator; the old one is void.

    Returns:
        The new recovery code, to be shown once.

    Raises:
        CodeWrong, CodeReused, Held, NotOn: the old one stays good.
    """
    fresh = recovery.new_code()
    hashed = recovery.hash_code(fresh, kit.settings.recovery_cost)

    def work(transaction: Transaction) -> None:
        verification.verify(kit, transaction, subject, answer, RECOVERY.key)
        transaction.set_recovery(subject.user_id, hashed)
        transaction.change(subject, changes.RecoveryCodeReplaced())

    verification.judged(kit, work, RECOVERY.key, lambda _: subject.user_id)
    return fresh


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
