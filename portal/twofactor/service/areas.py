"""Use cases: change the protected areas."""

from ..core import changes
from ..core.errors import AreasChanged, ChallengeRequired, NotOn
from ..core.records import Account, Subject
from ..storage.transaction import Transaction
from .context import Kit


def removed_areas(kit: Kit, account: Account, wanted: frozenset[str]) -> frozenset[str]:
    """Return the areas that a choice removes, without those that the host no longer has."""
    return kit.areas.known(account.areas - wanted)


def add_areas(kit: Kit, subject: Subject, wanted: frozenset[str]) -> bool:
    """Add areas to the protected ones; no code needed.

    Args:
        kit: the application's parts.
        subject: the user.
        wanted: the complete choice, as `Offer.chosen` returns it.

    Returns:
        Whether anything changed.

    Raises:
        NotOn: two-factor authentication is off.
        ChallengeRequired: the choice would remove an area.
        AreasChanged: another request changed the areas meanwhile.
    """

    def work(transaction: Transaction) -> bool:
        return _choose(kit, transaction, subject, wanted, may_remove=False)

    return kit.store.run(work)


def choose_areas(
    kit: Kit, transaction: Transaction, subject: Subject, wanted: frozenset[str]
) -> bool:
    """Add and remove areas in the transaction that uses up a code.

    Arguments, return value and errors are those of `add_areas`.
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
