"""Areas that demand a passkey: by the host, or by the user's own choice.

A passkey that was added with a code waits before it counts there, since the code may have been
phished. Taking such a demand away takes a passkey, too, as long as the account has one that counts.
"""

from collections.abc import Iterable
from dataclasses import replace

from ...core.areas import Demand
from ...core.passkey_errors import PasskeyNeeded, PasskeyYoung
from ...core.records import Account, Authenticator
from ...methods import registry
from ..context import Kit
from . import stored


def of(kit: Kit, account: Account, area: str, eased: frozenset[str] = frozenset()) -> Demand | None:
    """Return what an area demands of the answers of an account, `None` if it takes codes.

    Args:
        kit: the application's parts.
        account: the account.
        area: key of the area.
        eased: as `areas.Difference.freed`, for a request that takes demands away.
    """
    if not eased:
        return kit.areas.demand(area, account.only)
    demands = {kit.areas.demand(key, account.only) for key in eased}
    if not any(demands) or not usable(kit, account, demanded=True):
        return None
    return "verified_passkey" if "verified_passkey" in demands else "passkey"


def freed(kit: Kit, account: Account, lowered: frozenset[str]) -> frozenset[str]:
    """Return those of the lowered areas that demand a passkey; none while no passkey counts."""
    found = frozenset(key for key in lowered if kit.areas.demand(key, account.only))
    return found if found and usable(kit, account, demanded=True) else frozenset()


def any_of(kit: Kit, account: Account, mandatory: frozenset[str]) -> bool:
    """Return whether a protected area of an account demands a passkey.

    What was chosen for an area that the host has removed since demands none.

    Args:
        kit: the application's parts.
        account: the account.
        mandatory: keys of the areas that are mandatory for its user.
    """
    chosen = kit.areas.known(account.only)
    return bool(chosen or kit.areas.demanding.keys() & (account.areas | mandatory))


def usable(kit: Kit, account: Account | None, *, demanded: bool = False) -> list[bytes]:
    """Return what the passkeys of an account are judged by that can answer at this address.

    Args:
        kit: the application's parts.
        account: the account, if there is one.
        demanded: leave out those that do not count yet where a passkey is demanded.
    """
    now = kit.clock()
    return [held for held, since in counting(kit, account) if not demanded or since <= now]


def counting(kit: Kit, account: Account | None) -> list[tuple[bytes, int]]:
    """Return the passkeys that can answer at this address, and from when where one is demanded."""
    party = kit.settings.relying_party
    if party is None:
        return []
    hold, method = kit.settings.passkey_hold_seconds, registry.passkeys()
    every = account.authenticators if account is not None else ()
    found = ((each, stored.sound_one(kit, each)) for each in every if each.kind == registry.PASSKEY)
    return [
        (held, method.counts_from(held, each, hold))
        for each, held in found
        if held is not None and method.is_of(held, party)
    ]


def are_elsewhere(kit: Kit, account: Account) -> bool:
    """Return whether all passkeys of an account were made for another address than this one."""
    passkeys = [each for each in account.authenticators if each.kind == registry.PASSKEY]
    read = [stored.sound_one(kit, each) for each in passkeys]
    party, method = kit.settings.relying_party, registry.passkeys()
    return bool(read) and all(held is not None and not method.is_of(held, party) for held in read)


def counts_from(kit: Kit, authenticator: Authenticator) -> int:
    """Return the time from which an authenticator counts for everything, Unix seconds."""
    held, method = stored.opened(kit, authenticator), registry.method(authenticator.kind)
    return method.counts_from(held, authenticator, kit.settings.passkey_hold_seconds)


def check_age(kit: Kit, account: Account, found: Authenticator) -> None:
    """Refuse a passkey that was added with a code a short while ago.

    Raises:
        PasskeyYoung: it does not count yet.
    """
    since = counts_from(kit, found)
    if since > kit.clock():
        raise PasskeyYoung(since, others=bool(usable(kit, account, demanded=True)))


def check(kit: Kit, account: Account, added: Iterable[str], only: Iterable[str] = ()) -> None:
    """Refuse to demand a passkey while none counts.

    Args:
        kit: the application's parts.
        account: the account.
        added: keys of the areas to protect.
        only: keys of the areas where the user wants to be asked for a passkey alone.

    Raises:
        PasskeyNeeded, PasskeyYoung: the area would be closed to the user.
    """
    wanted = frozenset(only)
    for key in sorted({*kit.areas.demanding.keys() & set(added), *wanted}):
        if not usable(kit, account, demanded=True):
            raise needed(kit, account, key)


def is_last_needed(kit: Kit, account: Account, leaving: str, mandatory: frozenset[str]) -> bool:
    """Return whether a protected area would be left without the passkey that it demands.

    Args:
        kit: the application's parts.
        account: the account.
        leaving: id of the authenticator to remove.
        mandatory: as in `any_of`.
    """
    if not any_of(kit, account, mandatory) or not usable(kit, account, demanded=True):
        return False
    staying = replace(
        account, authenticators=tuple(a for a in account.authenticators if a.id != leaving)
    )
    return not usable(kit, staying, demanded=True)


def needed(kit: Kit, account: Account, area: str) -> PasskeyNeeded | PasskeyYoung:
    """Return the refusal of a code in an area that demands a passkey."""
    now, since = kit.clock(), [since for _, since in counting(kit, account)]
    about = {"area": area, "user_id": account.user_id}
    if since and min(since) > now:
        return PasskeyYoung(min(since), others=False, **about)
    verified = kit.areas.demanding.get(area) == "verified_passkey"
    refusal = PasskeyNeeded(verified=verified, has_one=bool(since), **about)
    refusal.has_recovery = account.recovery_hash is not None
    return refusal
