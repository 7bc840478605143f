"""Seal and open what authenticators are judged by."""

import logging

from ...core import vault
from ...core.errors import KeyMissing, SealBroken
from ...core.passkey_errors import PasskeyTaken
from ...core.records import Account, Authenticator
from ...methods.base import First
from ...storage.transaction import Transaction
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


def new(kit: Kit, user_id: str, kind: str, first: First, authenticator_id: str) -> Authenticator:
    """Return a new authenticator as its first answer made it, sealed for its row."""
    now = int(kit.clock())
    return Authenticator(
        id=authenticator_id,
        user_id=user_id,
        kind=kind,
        name=first.name,
        sealed=kit.vault.seal(first.stored, vault.AUTHENTICATOR, user_id, authenticator_id),
        last_step=first.number,
        created_at=now,
        last_used_at=now,
        credential=first.credential,
        flags=first.flags,
    )


def check_free(transaction: Transaction, authenticator: Authenticator) -> None:
    """Refuse a new passkey that another row has already, of this user or of another.

    A refusal commits, so this comes before anything is written or used up. Of two registrations at
    once, the unique index refuses the second, and the repeated work ends here. The same form sent
    twice makes the same row and passes: its ticket is over.

    Raises:
        PasskeyTaken: the registration is not used up.
    """
    if authenticator.credential is None:
        return
    if transaction.passkey(authenticator.credential) not in (None, authenticator.id):
        raise PasskeyTaken("registered before")
