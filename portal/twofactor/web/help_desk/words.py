"""Sentences of the help desk, for agents."""

import math
from typing import Any

from ...core.areas import Area
from ...core.help_desk import kinds
from ...core.records import Account, Event
from ...i18n.catalogue import later
from ...i18n.language import _, plural
from ...i18n.times import moment
from ...service.operator.accounts import Overview

_DONE = {
    kinds.UNLOCKED: later("You unlocked codes for %(name)s"),
    kinds.REMOVED: later("You removed a device of %(name)s"),
    kinds.RESET: later("You turned off two-factor authentication for %(name)s"),
    kinds.REQUESTED: later("You asked for the reset of %(name)s"),
    kinds.CONFIRMED: later("You confirmed the reset of %(name)s"),
    kinds.DECLINED: later("You declined the reset of %(name)s"),
    kinds.STARTED_OVER: later("You sent %(name)s a link to start over"),
}
# Events whose detail is for staff: who did it, and why.
_OF_STAFF = frozenset(
    {
        *("reset", "reset_requested", "reset_declined", "start_over", "unlocked", "looked_at"),
        *("authenticator_removed_by_operator", "imported"),
    }
)


def done(kind: str, name: str) -> str:
    """Return what the agent did for a user of this name."""
    return _(_DONE[kind], name=name)


def for_staff(event: Event) -> str:
    """Return what staff see of an event besides its sentence, "" for most events."""
    return (event.detail or "") if event.kind in _OF_STAFF else ""


def off() -> list[dict[str, Any]]:
    """Return the lines about a user who has it off."""
    return [
        _line(False, _("Two-factor authentication is off: only the password protects the account"))
    ]


def on(
    account: Account, seen: Overview, areas: list[Area], *, signs_in: bool
) -> list[dict[str, Any]]:
    """Return the lines about a user who has it on.

    Args:
        account: of the user.
        seen: the same, as operators see it.
        areas: the areas that ask, with their texts in the language of the request.
        signs_in: whether signing in asks.
    """
    lines = [*_holds(seen), _line(signs_in, _signing_in(account, asks=signs_in))]
    if account.recovery_hash is None:
        lines.append(_line(False, _("There is no recovery code")))
    else:
        lines.append(_line(True, _("There is a recovery code, not used")))
    if seen.wrong_in_a_row:
        wrong = plural(
            "%(count)d wrong code in a row", "%(count)d wrong codes in a row", seen.wrong_in_a_row
        )
        lines.append(_line(False, wrong))
    named = ", ".join(area.label for area in areas)
    if named:
        lines.append(_line(None, _("Needed for: %(areas)s", areas=named)))
    lines.append(_line(None, _("On since %(time)s", time=moment(account.activated_at))))
    return lines


def is_held(seen: Overview) -> bool:
    """Return whether codes or recovery codes of the account are not judged now."""
    return seen.held_until is not None or seen.recovery_held_until is not None


def _signing_in(account: Account, *, asks: bool) -> str:
    if not asks:
        return _("Signing in needs only the password")
    if account.ways == "code":
        return _("Signing in needs a code")
    if account.ways == "passkey":
        return _("Signing in needs a passkey")
    return _("Signing in needs a code or passkey")


def _holds(seen: Overview) -> list[dict[str, Any]]:
    lines = []
    if seen.held_until is not None and math.isinf(seen.held_until):
        lines.append(_line(False, _("Codes are locked until somebody unlocks them")))
    elif seen.held_until is not None:
        time = moment(_minute(seen.held_until))
        lines.append(_line(False, _("Codes are on hold until %(time)s", time=time)))
    if seen.recovery_held_until is not None:
        time = moment(_minute(seen.recovery_held_until))
        lines.append(_line(False, _("Recovery codes are on hold until %(time)s", time=time)))
    return lines


def _minute(until: float) -> float:
    return 60.0 * math.ceil(until / 60)


def _line(good: bool | None, text: str) -> dict[str, Any]:
    return {"good": good, "text": text}
