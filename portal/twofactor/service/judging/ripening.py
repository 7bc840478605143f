"""Factors ripen: one that was added with a code can't take the others away for a while.

The code may have been phished. So for `TWOFACTOR_PASSKEY_HOLD_SECONDS` such a factor removes none
that counts before it, makes no recovery code and removes no protection. One from the activation,
or added with a passkey that counts, can at once. Deactivation takes any factor at any time.
"""

from ...core.areas import PREFERENCES, RECOVERY
from ...core.enrolment_errors import DeviceYoung
from ...core.passkey_errors import PasskeyUnripe
from ...core.records import Account, Authenticator
from ..context import Kit
from . import demands

_DEEDS = frozenset({PREFERENCES.key, RECOVERY.key})


def check(kit: Kit, account: Account, used: Authenticator, area: str, removed: str) -> None:
    """Refuse a right answer of a factor that is too young for what it confirms.

    The caller has not used the answer up yet, and does not count it: it is no guess.

    Args:
        kit: the application's parts.
        account: the account.
        used: the authenticator that gave the answer.
        area: key of the area.
        removed: id of the authenticator that will be removed, or "".

    Raises:
        DeviceYoung, PasskeyUnripe: nothing happens.
    """
    if area not in _DEEDS and removed in ("", used.id):
        return
    since, now = demands.counts_from(kit, used), kit.clock()
    if since <= now or (area not in _DEEDS and not _counts_before(kit, account, removed, since)):
        return
    codes = (
        each
        for each in account.authenticators
        if each.makes_codes and each.id != removed and demands.counts_from(kit, each) <= now
    )
    others = any(codes) or bool(demands.usable(kit, account, demanded=True))
    refusal = DeviceYoung if used.makes_codes else PasskeyUnripe
    raise refusal(used.name, since, others=others, area=area, user_id=account.user_id)


def waits(kit: Kit, account: Account, removed: str) -> int | None:
    """Return from when an answer removes an authenticator, `None` if one does now (Unix seconds).

    Its own code never does, and no device or passkey may be able to at this address.
    """
    now = kit.clock()
    if any(not each.makes_codes and each.id == removed for each in account.authenticators):
        return None
    apps = (each for each in account.authenticators if each.makes_codes and each.id != removed)
    times = [demands.counts_from(kit, each) for each in apps]
    times += [since for _, since in demands.counting(kit, account)]
    ready = any(since <= now or not _counts_before(kit, account, removed, since) for since in times)
    return min(times) if times and not ready else None


def _counts_before(kit: Kit, account: Account, removed: str, since: int) -> bool:
    found = (each for each in account.authenticators if each.id == removed)
    return any(demands.counts_from(kit, each) <= since for each in found)
