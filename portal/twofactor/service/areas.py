"""Use cases: change the protected areas."""

from dataclasses import dataclass

from ..core import changes
from ..core.areas import Choice
from ..core.enrolment_errors import NoArea
from ..core.errors import AreasChanged, ChallengeRequired, NotOn
from ..core.records import Account, Subject
from ..storage.transaction import Transaction
from . import undo
from .context import Kit
from .judging import demands


@dataclass(frozen=True, slots=True)
class Difference:
    """Areas that a choice changes, against those of an account.

    Args:
        wanted: areas to protect.
        only: areas that take a passkey alone.
        added: areas that were not protected.
        removed: areas that are no longer protected, without those that the host no longer has.
        demanded: areas that take a passkey alone from now on.
        eased: areas that stay, and take codes again where a passkey alone was taken.
        freed: of both, those that demand a passkey now, while the account has one that counts.
            Such a choice takes a passkey itself, else a phished code would get round the demand.
    """

    wanted: frozenset[str]
    only: frozenset[str]
    added: frozenset[str]
    removed: frozenset[str]
    demanded: frozenset[str]
    eased: frozenset[str]
    freed: frozenset[str]

    @property
    def is_none(self) -> bool:
        """Return whether the account has what the choice asks for, as far as the host has it."""
        return not (self.added or self.removed or self.demanded or self.eased)


def difference(kit: Kit, account: Account, choice: Choice) -> Difference:
    """Return what a choice changes.

    Raises:
        NoArea: there would be no area on offer.
    """
    wanted = choice.applied(account.areas)
    if choice.offer.areas and not any(area.key in wanted for area in choice.offer.areas):
        raise NoArea("no area")
    only = choice.only_applied(account.only, wanted)
    removed = kit.areas.known(account.areas - wanted)
    eased = kit.areas.known((account.only & wanted) - only)
    freed = demands.freed(kit, account, removed | eased)
    added, demanded = wanted - account.areas, only - account.only
    return Difference(wanted, only, added, removed, demanded, eased, freed)


def is_chosen(account: Account, choice: Choice) -> bool:
    """Return whether an account has what a choice asks for."""
    wanted = choice.applied(account.areas)
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
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    choice: Choice,
    eased: frozenset[str] = frozenset(),
) -> frozenset[str]:
    """Add and remove areas in the transaction that uses up an answer.

    Args:
        kit: the application's parts.
        transaction: the transaction.
        subject: the user.
        choice: the choice of the person.
        eased: `Difference.freed`, as the answer was judged for.

    Return value and errors are those of `add_areas`; `AreasChanged` also if another request has
    made an area demand a passkey meanwhile.
    """
    return _choose(kit, transaction, subject, choice, may_remove=True, judged_for=eased)


def _choose(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    choice: Choice,
    *,
    may_remove: bool,
    judged_for: frozenset[str] = frozenset(),
) -> frozenset[str]:
    account = transaction.account(subject.user_id, lock=True)
    if account is None:
        raise NotOn("no second factor")
    found = difference(kit, account, choice)
    if found.added or found.demanded:
        demands.check(kit, account, found.added, found.demanded)
    if (found.removed or found.eased) and not may_remove:
        raise ChallengeRequired("areas would be removed")
    if not found.freed <= judged_for:
        raise AreasChanged("a demand would be taken away that the answer was not judged for")
    if found.is_none:
        return found.wanted
    if not transaction.set_areas(account, found.wanted, found.only):
        raise AreasChanged("areas changed meanwhile")
    keys = (found.added, found.removed, found.demanded, found.eased)
    added, removed, demanded, eased = (tuple(sorted(each)) for each in keys)
    change = changes.AreasChanged(added, removed, account.ways, demanded, eased)
    if removed or eased:
        undo.change(kit, transaction, subject, account, change)
    else:
        transaction.change(subject, change)
    return found.wanted
