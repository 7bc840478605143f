"""Compare the state of now with the one that an undo puts back. Nothing here writes."""

from dataclasses import dataclass
from typing import Literal

from ..records import Account

# After the undo: the present recovery code, one from before, or none.
RecoveryAfter = Literal["stays", "back", "none"]


@dataclass(frozen=True, slots=True)
class PutsBack:
    """The effects of an undo, for the page that asks and for the one that tells.

    Args:
        was_on: whether two-factor authentication is on now.
        on: whether it is on afterwards.
        back: names of the authenticators that work again.
        out: names of the authenticators that stop working.
        missing: names of passkeys that another user has registered meanwhile; they stay out.
        areas_back: keys of the areas that ask again.
        areas_out: keys of the areas that ask no longer.
        demanded: keys of the areas that take a passkey alone again.
        eased: keys of the areas that take codes again.
        recovery_code: what becomes of it. One that was used never works again.
    """

    was_on: bool
    on: bool
    back: tuple[str, ...] = ()
    out: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    areas_back: tuple[str, ...] = ()
    areas_out: tuple[str, ...] = ()
    demanded: tuple[str, ...] = ()
    eased: tuple[str, ...] = ()
    recovery_code: RecoveryAfter = "none"

    @property
    def lowers(self) -> bool:
        """Return whether somebody could get in more easily afterwards.

        It is so if it turns two-factor authentication off, or, where it is on and stays on, brings
        back an authenticator or a recovery code, or asks in fewer areas. Turning it on again never
        lowers protection.
        """
        if not self.was_on:
            return False
        eases = self.back or self.areas_out or self.eased or self.recovery_code == "back"
        return not self.on or bool(eases)


def puts_back(
    now: Account | None,
    before: Account | None,
    *,
    recovery_used: bool = False,
    taken: frozenset[str] = frozenset(),
) -> PutsBack:
    """Return what replacing the state of now by the one before does.

    Args:
        now: the present account, `None` if two-factor authentication is off.
        before: the account of the snapshot, `None` if it was off.
        recovery_used: whether a recovery code was used since the snapshot was made.
        taken: ids of the snapshot's passkeys that another user has now.
    """
    there = {each.id: each for each in now.authenticators} if now else {}
    kept = [each for each in before.authenticators if each.id not in taken] if before else []
    missing = tuple(e.name for e in before.authenticators if e.id in taken) if before else ()
    ids = {each.id for each in kept}
    on = bool(kept)  # without an authenticator nobody could answer
    areas_now, only_now = (now.areas, now.only) if now else (frozenset(), frozenset())
    areas, only = (before.areas, before.only) if before and on else (frozenset(), frozenset())
    staying = areas & areas_now
    return PutsBack(
        was_on=now is not None,
        on=on,
        back=tuple(each.name for each in kept if each.id not in there),
        out=tuple(each.name for key, each in there.items() if key not in ids),
        missing=missing,
        areas_back=tuple(sorted(areas - areas_now)),
        areas_out=tuple(sorted(areas_now - areas)),
        demanded=tuple(sorted((only - only_now) & staying)),
        eased=tuple(sorted((only_now - only) & staying)),
        recovery_code=_recovery(now, before, used=recovery_used) if on else "none",
    )


def _recovery(now: Account | None, before: Account | None, *, used: bool) -> RecoveryAfter:
    hashed = before.recovery_hash if before else None
    if hashed is None or used:
        return "none"
    return "stays" if now is not None and now.recovery_hash == hashed else "back"
