"""Use cases of the operator: list accounts and events, reset and unlock accounts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from ...core import changes, throttle
from ...core.errors import NotOn
from ...core.records import KNOWN, Account, Authenticator, Event, Subject
from ...storage.transaction import Transaction
from .. import undo
from ..authenticators import removable
from ..context import Kit

R = TypeVar("R")

BATCH = 500


@dataclass(frozen=True, slots=True)
class Overview:
    """An account as operators see it; times are Unix seconds."""

    user_id: str
    areas: tuple[str, ...]
    activated_at: int
    last_used_at: int | None
    authenticators: int
    passkeys: int
    wrong_in_a_row: int
    held_until: float | None
    recovery_held_until: float | None


def overview(kit: Kit, account: Account) -> Overview:
    """Return the overview of an account."""
    now = kit.clock()
    used = [each.last_used_at for each in account.authenticators if each.last_used_at]
    return Overview(
        user_id=account.user_id,
        areas=tuple(sorted(account.areas)),
        activated_at=account.activated_at,
        last_used_at=max(used, default=None),
        authenticators=len(account.authenticators),
        passkeys=sum(not each.makes_codes for each in account.authenticators),
        wrong_in_a_row=account.codes.run,
        held_until=throttle.held_until(account.schedule, account.codes, now),
        recovery_held_until=throttle.held_until(throttle.RECOVERY, account.recovery, now),
    )


def overviews(
    kit: Kit, *, area: str | None = None, held: bool = False, passkeys: bool | None = None
) -> Iterator[Overview]:
    """Yield the accounts in the order of their keys, read in batches.

    Args:
        kit: the application's parts.
        area: only accounts that protect the area with this key.
        held: only accounts whose codes are not judged now.
        passkeys: only accounts with a passkey, or without any; `None` for both.
    """
    for account in kit.store.accounts(BATCH, area=area, tried=held, passkeys=passkeys):
        each = overview(kit, account)
        if not held or each.held_until is not None:
            yield each


def without(kit: Kit, keys: Iterable[str]) -> Iterator[str]:
    """Yield the keys whose users have two-factor authentication off, read in batches."""
    for some in batched(keys, BATCH):
        on = kit.store.with_account(some)
        yield from (key for key in some if key not in on)


def without_user(kit: Kit, keys: Iterable[str]) -> int:
    """Return the number of accounts whose key is not among the users' keys.

    Args:
        kit: the application's parts.
        keys: keys of all users, each once.
    """
    found = sum(len(kit.store.with_account(some)) for some in batched(keys, BATCH))
    return max(0, sum(kit.store.count_by_areas().values()) - found)


def batched(rows: Iterable[R], size: int) -> Iterator[tuple[R, ...]]:
    """Yield tuples of at most `size` rows (`itertools.batched` needs Python 3.12)."""
    source = iter(rows)
    while some := tuple(islice(source, size)):
        yield some


def reset(kit: Kit, user_id: str, by: str, reason: str) -> None:
    """Turn two-factor authentication off for a person who lost phone and recovery code.

    Args:
        kit: the application's parts.
        user_id: key of the user.
        by: name of the operator, for the event.
        reason: reason, for the event.

    Raises:
        NotOn: two-factor authentication is off.
    """
    kit.store.run(lambda transaction: reset_in(kit, transaction, user_id, by, reason))


def reset_in(kit: Kit, transaction: Transaction, user_id: str, by: str, reason: str) -> None:
    """Reset in an open transaction; arguments and errors as `reset`."""
    account = transaction.account(user_id, lock=True)
    if account is None:
        raise NotOn("no second factor")
    transaction.remove_account(user_id, account)
    made = changes.Reset(by, reason), changes.Deactivated("operator")
    undo.change(kit, transaction, Subject(user_id), account, *made)


def unlock(kit: Kit, user_id: str, by: str, reason: str) -> None:
    """End the wait after wrong codes; two-factor authentication stays on.

    This also ends pending sign-ins and other unfinished steps, since they may be a guesser's.

    Raises:
        NotOn: two-factor authentication is off.
    """
    kit.store.run(lambda transaction: unlock_in(transaction, user_id, by, reason))


def unlock_in(transaction: Transaction, user_id: str, by: str, reason: str) -> None:
    """Unlock in an open transaction; arguments and errors as `unlock`."""
    if not transaction.clear_throttle(user_id):
        raise NotOn("no second factor")
    # Known browsers stay, so that wrong codes from elsewhere do not hold the owner's again.
    transaction.drop_tickets(user_id, spare=KNOWN)
    transaction.change(Subject(user_id), changes.Unlocked(by, reason))


def remove_authenticator(
    kit: Kit, user_id: str, authenticator_id: str, by: str, reason: str
) -> Authenticator:
    """Remove an authenticator that its owner has lost; two-factor authentication stays on.

    This also ends pending sign-ins, passes, trusted and known browsers, since a thief of the
    device may have them now.

    Raises:
        NotOn: two-factor authentication is off.
        UnknownAuthenticator: the user has no authenticator with this id.
        LastAuthenticator: it is the only one.
    """
    return kit.store.run(
        lambda transaction: remove_in(kit, transaction, user_id, authenticator_id, by, reason)
    )


def remove_in(
    kit: Kit,
    transaction: Transaction,
    user_id: str,
    authenticator_id: str,
    by: str,
    reason: str,
) -> Authenticator:
    """Remove in an open transaction; arguments and errors as `remove_authenticator`."""
    account = transaction.account(user_id, lock=True)
    if account is None:
        raise NotOn("no second factor")
    found = removable(account, authenticator_id)
    transaction.remove_authenticator(found, account)
    transaction.drop_tickets(user_id)
    removed = changes.AuthenticatorRemoved(found.name, found.kind, by, reason)
    undo.change(kit, transaction, Subject(user_id), account, removed)
    return found


def events(kit: Kit, user_id: str | None, since: int | None) -> Iterator[Event]:
    """Yield the events, oldest first, read in batches.

    Args:
        kit: the application's parts.
        user_id: only events of the user with this key.
        since: only events from this time on, Unix seconds.
    """
    return kit.store.all_events(BATCH, user_id, since)
