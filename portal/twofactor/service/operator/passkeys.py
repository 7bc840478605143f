"""Figures and checks of passkeys, for operators."""

from collections import Counter
from dataclasses import dataclass

from ...core.records import Account, Authenticator
from ...methods import registry
from ..context import Kit
from ..judging import stored
from .accounts import BATCH


@dataclass(frozen=True, slots=True)
class Census:
    """Numbers of passkeys and of accounts that depend on them.

    Args:
        under: number of passkeys by the RP ID that they belong to.
        unreadable: number of passkeys that do not open.
        dependent: accounts that could answer with nothing else if the RP ID changed.
        stuck: accounts that can answer with nothing now, since all they have is passkeys of another
            RP ID, or such as do not open. Their recovery code helps them, or a reset.
    """

    under: dict[str, int]
    unreadable: int
    dependent: int
    stuck: int


@dataclass(frozen=True, slots=True)
class Trait:
    """The facts that only passkeys have.

    Args:
        synced: whether it is on several devices; `None` for other kinds.
        rp_id: domain that it belongs to; `None` for other kinds, or if it does not open.
        usable: whether it can answer now.
    """

    synced: bool | None
    rp_id: str | None
    usable: bool


@dataclass(frozen=True, slots=True)
class Enrolled(Trait):
    """An authenticator as operators see it; times are Unix seconds. It holds no secret.

    Args:
        id: of the authenticator.
        kind: "totp" or "passkey".
        name: as its owner named it.
        added_at: time when it was added.
        last_used_at: time of its latest accepted answer, `None` if there is none.
    """

    id: str
    kind: str
    name: str
    added_at: int
    last_used_at: int | None


def enrolled(kit: Kit, each: Authenticator) -> Enrolled:
    """Return an authenticator as operators see it."""
    facts = trait(kit, each)
    return Enrolled(
        synced=facts.synced,
        rp_id=facts.rp_id,
        usable=facts.usable,
        id=each.id,
        kind=each.kind,
        name=each.name,
        added_at=each.created_at,
        last_used_at=each.last_used_at,
    )


def trait(kit: Kit, authenticator: Authenticator) -> Trait:
    """Return the facts of an authenticator that only passkeys have."""
    method, party = registry.passkeys(), kit.settings.relying_party
    if authenticator.kind != registry.PASSKEY:
        return Trait(None, None, True)
    held = stored.sound_one(kit, authenticator)
    domain = None if held is None else method.domain(held)
    usable = party is not None and domain == party.id
    return Trait(method.is_synced(authenticator), domain, usable)


def census(kit: Kit) -> Census:
    """Count all passkeys; only accounts that have one are read, in batches."""
    under: Counter[str] = Counter()
    unreadable = dependent = stuck = 0
    present = kit.settings.relying_party
    for account in kit.store.accounts(BATCH, passkeys=True):
        domains = _domains(kit, account)
        readable = [domain for domain in domains if domain is not None]
        under.update(readable)
        unreadable += len(domains) - len(readable)
        if not account.makes_codes:
            usable = present is not None and present.id in readable
            dependent += usable
            stuck += not usable
    return Census(dict(sorted(under.items())), unreadable, dependent, stuck)


def check(kit: Kit) -> tuple[bool, str]:
    """Return whether all accounts can use their passkeys, and a sentence for `doctor`."""
    party, found = kit.settings.relying_party, census(kit)
    parts = [f"{count} under {domain}" for domain, count in found.under.items()]
    if found.unreadable:
        parts.append(f"{found.unreadable} do not open")
    passkeys = f"passkeys: {', '.join(parts)}" if parts else "no passkeys"
    stuck = f"{found.stuck} accounts can answer with nothing else"
    if party is None:
        if not parts:
            return True, "off: TWOFACTOR_RP_ID is not set"
        return False, f"TWOFACTOR_RP_ID is not set; {passkeys}; {stuck}: set it again"
    text = f"RP ID {party.id}, origins {' '.join(party.origins)}; {passkeys}"
    if found.stuck:
        elsewhere = found.under.keys() - {party.id}
        why = "are of another RP ID: set TWOFACTOR_RP_ID back" if elsewhere else "do not open"
        return False, f"{text}; {stuck}, and theirs {why}"
    if parts:
        text += f"; {found.dependent} accounts could answer with nothing else if it changed"
    return True, text


def _domains(kit: Kit, account: Account) -> list[str | None]:
    """Return the RP ID of each passkey of an account, `None` for one that does not open."""
    passkeys = (each for each in account.authenticators if each.kind == registry.PASSKEY)
    return [trait(kit, each).rp_id for each in passkeys]
