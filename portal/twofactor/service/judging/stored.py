"""Seal and open what authenticators are judged by."""

import logging
from types import SimpleNamespace
from typing import Any

from ...core import vault
from ...core.answers import Assertion
from ...core.errors import KeyMissing, SealBroken
from ...core.passkey_errors import PasskeyTaken
from ...core.records import Account, Authenticator
from ...methods import registry
from ...methods.base import First
from ...storage.rows import account_of
from ...storage.transaction import Transaction
from ..context import Kit
from .terms import terms_of

log = logging.getLogger("flask_twofactor.keys")


def opened(kit: Kit, authenticator: Authenticator) -> bytes:
    """Return what an authenticator's answers are judged by (`methods.base.First.stored`).

    Raises:
        KeyMissing: the key that sealed it is not configured.
        SealBroken: it was altered, or copied from another row.
    """
    context = (authenticator.user_id, authenticator.id)
    return kit.vault.open(authenticator.sealed, vault.AUTHENTICATOR, *context)


def sound(kit: Kit, account: Account | None, kind: str) -> list[bytes]:
    """Return `opened` of the authenticators of a kind; one that does not open is left out.

    So a row that somebody wrote into the table does not stop the others.
    """
    every = account.authenticators if account is not None else ()
    found = (sound_one(kit, each) for each in every if each.kind == kind)
    return [held for held in found if held is not None]


def sound_one(kit: Kit, authenticator: Authenticator) -> bytes | None:
    """Return `opened`, `None` if it does not open; the log says why."""
    try:
        return opened(kit, authenticator)
    except (KeyMissing, SealBroken) as broken:
        log.error("authenticator %s does not open: %s", authenticator.id, broken)
        return None


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


# The row of a user with one passkey, but for its seal.
_ROW: dict[str, Any] = {
    **dict.fromkeys(("failures", "failures_cleared", "known_failures", "known_cleared"), 0),
    **dict.fromkeys(("failures_recent", "known_recent", "recovery_recent"), ""),
    **dict.fromkeys(("of_failures_at_use", "of_known_at_use", "of_last_step", "of_flags"), 0),
    **dict.fromkeys(("activated_at", "recovery_attempts", "of_created_at", "of_last_used_at"), 0),
    **dict.fromkeys(("user_id", "of_name", "recovery_hash", "of_credential"), ""),
    **dict.fromkeys(("checked_at", "check_ups_ended_at"), None),
    "areas": "sign_in",
    "of_id": "nobodys",
    "of_kind": registry.PASSKEY,
}


def nobodys(kit: Kit, answer: Assertion) -> Authenticator:
    """Return the authenticator that an answer of an unknown passkey is judged by.

    It is sealed, and read from a row, as that of a user is: so a guess at a passkey takes as long
    as a wrong signature, and time tells nothing.
    """
    held = registry.passkeys().nobodys(answer, terms_of(kit))
    sealed = kit.vault.seal(held, vault.AUTHENTICATOR, _ROW["user_id"], _ROW["of_id"])
    row: Any = SimpleNamespace(**_ROW, of_sealed=sealed)
    return account_of([row]).authenticators[0]


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
