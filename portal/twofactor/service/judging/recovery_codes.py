"""Judge recovery codes, and count each try."""

from ...core import throttle
from ...core.answers import RecoveryCode
from ...core.errors import NotOn, RecoveryHeld, RecoveryWrong, StorageUnavailable, Unavailable
from ...core.records import Subject
from ...methods import recovery
from ...storage.transaction import Transaction
from ..context import Kit


def judge(kit: Kit, subject: Subject, answer: RecoveryCode, area: str) -> str:
    """Verify a recovery code without using it up.

    The attempt is counted and committed before the slow hash is computed. So parallel requests
    can't exceed the budget, and no lock is held during the computation.

    Returns:
        The account's hash. Compare it again, with the account locked, when it is used up.

    Raises:
        NotOn, RecoveryHeld, RecoveryWrong: the action must not be carried out.
    """
    tell = kit.teller(area, "recovery_code")
    try:
        hashed, last = kit.store.run(lambda tx: _count(kit, tx, subject))
        if hashed is None or not recovery.is_code(answer, hashed):
            kinds = ["recovery_code_wrong", *(["recovery_held"] if last else [])]
            events = [kit.event(subject, kind, area) for kind in kinds]
            kit.store.run(lambda tx: tx.record(*events))
            raise RecoveryWrong("wrong recovery code")
    except (RecoveryHeld, RecoveryWrong, Unavailable) as error:
        results = {RecoveryHeld: "held", RecoveryWrong: "wrong"}
        tell(results.get(type(error), "unavailable"), subject.user_id)
        raise
    tell("accepted", subject.user_id)
    return hashed


def _count(kit: Kit, transaction: Transaction, subject: Subject) -> tuple[str | None, bool]:
    """Count a recovery code; return the account's hash and whether a hold begins if it is wrong."""
    account = transaction.account(subject.user_id, lock=True)
    if account is None:
        raise NotOn("no second factor")
    now = kit.clock()
    until = throttle.held_until(throttle.RECOVERY, account.recovery, now)
    if until is not None:
        held = RecoveryHeld(until)
        held.has_app = account.makes_codes
        raise held
    figures = throttle.counted(throttle.RECOVERY, account.recovery, now)
    if not transaction.count_recovery(account, figures):
        raise StorageUnavailable("an attempt could not be counted")
    last = throttle.held_until(throttle.RECOVERY, figures, now) is not None
    return account.recovery_hash, last
