"""Use cases: change the protected areas."""

from ..core import changes
from ..core.areas import Choice
from ..core.enrolment_errors import NoArea
from ..core.errors import AreasChanged, ChallengeRequired, NotOn
from ..core.records import Account, Subject
from ..storage.transaction import Transaction
from . import undo
from .context import Kit
from .judging import demands


def wanted_areas(account: Account, choice: Choice) -> frozenset[str]:
    """Return the areas to protect after a choice.

    Raises:
        NoArea: there would be none on offer.
    """
    wanted = choice.applied(account.areas)
    if choice.offer.areas and not any(area.key in wanted for area in choice.offer.areas):
        raise NoArea("no area")
    return wanted


def removed_areas(kit: Kit, account: Account, choice: Choice) -> frozenset[str]:
    """Return the areas that a choice removes, without those that the host no longer has.

    Raises:
        NoArea: as `wanted_areas`.
    """
    return kit.areas.known(account.areas - wanted_areas(account, choice))


def eased_areas(kit: Kit, account: Account, choice: Choice) -> frozenset[str]:
    """Return the areas that stay, and take codes again where a passkey alone was taken.

    Raises:
        NoArea: as `wanted_areas`.
    """
    wanted = wanted_areas(account, choice)
    staying = account.only & wanted
    return kit.areas.known(staying - choice.only_applied(account.only, wanted))


def is_chosen(account: Account, choice: Choice) -> bool:
    """Return whether an account has what a choice asks for.

    Raises:
        NoArea: as `wanted_areas`.
    """
    wanted = wanted_areas(account, choice)
    return wanted == account.areas and choice.only_applied(account.only, wanted) == account.only


def add_areas(kit: Kit, subject: Subject, choice: Choice) -> frozenset[str]:
    """Add areas to the protected ones; no code needed.

    Args:
        kit: the application's parts.
        subject: the user.
        choice: the choice of the person.

    Returns:
        The areas that are protected now.

    Raises:
        NotOn: two-factor authentication is off.
        NoArea: no area would be left.
        PasskeyNeeded, PasskeyYoung: an area would demand a passkey, and none counts there.
        ChallengeRequired: the choice would remove an area, or ease what it demands.
        AreasChanged: another request changed the areas meanwhile.
    """

    def work(transaction: Transaction) -> frozenset[str]:
        return _choose(kit, transaction, subject, choice, may_remove=False)

    return kit.store.run(work)


def choose_areas(
    kit: Kit, transaction: Transaction, subject: Subject, choice: Choice
) -> frozenset[str]:
    """Add and remove areas in the transaction that uses up an answer.

    Arguments, return value and errors are those of `add_areas`.
    """
    return _choose(kit, transaction, subject, choice, may_remove=True)


def _choose(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    choice: Choice,
    *,
    may_remove: bool,
) -> frozenset[str]:
    account = transaction.account(subject.user_id, lock=True)
    if account is None:
        raise NotOn("no second factor")
    wanted = wanted_areas(account, choice)
    added, removed = wanted - account.areas, removed_areas(kit, account, choice)
    only, eased = choice.only_applied(account.only, wanted), eased_areas(kit, account, choice)
    demanded = only - account.only
    if added or demanded:
        demands.check(kit, account, added, demanded)
    if (removed or eased) and not may_remove:
        raise ChallengeRequired("areas would be removed")
    if not (added or removed or demanded or eased):
        return wanted
    if not transaction.set_areas(account, wanted, only):
        raise AreasChanged("areas changed meanwhile")
    added_keys, removed_keys = tuple(sorted(added)), tuple(sorted(removed))
    alone, again = tuple(sorted(demanded)), tuple(sorted(eased))
    change = changes.AreasChanged(added_keys, removed_keys, account.ways, alone, again)
    if removed or eased:
        undo.change(kit, transaction, subject, account, change)
    else:
        transaction.change(subject, change)
    return wanted
