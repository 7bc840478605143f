"""Open what authenticators are judged by."""

import logging

from ...core import vault
from ...core.errors import KeyMissing, SealBroken
from ...core.records import Account, Authenticator
from ..context import Kit

log = logging.getLogger(__name__)


def opened(kit: Kit, authenticator: Authenticator) -> bytes:
    """Return what an authenticator's answers are judged by (`methods.base.First.stored`).

    Raises:
        KeyMissing: the key that sealed it is not configured.
        SealBroken: it was altered, or copied from another row.
    """
    context = (authenticator.user_id, authenticator.id)
    return kit.vault.open(authenticator.sealed, vault.AUTHENTICATOR, *context)


def sound(kit: Kit, account: Account | None, kind: str) -> list[tuple[Authenticator, bytes]]:
    """Return the authenticators of a kind with what opens; one that does not open is left out.

    So a row that somebody wrote into the table does not stop the others.
    """
    of_kind = [each for each in _authenticators(account) if each.kind == kind]
    found = [(each, sound_one(kit, each)) for each in of_kind]
    return [(each, held) for each, held in found if held is not None]


def sound_one(kit: Kit, authenticator: Authenticator) -> bytes | None:
    """Return `opened`, `None` if it does not open; the log says why."""
    try:
        return opened(kit, authenticator)
    except (KeyMissing, SealBroken) as broken:
        log.error("authenticator %s does not open: %s", authenticator.id, broken)
        return None


def _authenticators(account: Account | None) -> tuple[Authenticator, ...]:
    return account.authenticators if account is not None else ()
