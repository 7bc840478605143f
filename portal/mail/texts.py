"""The notices about two-factor authentication, in the current language."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypedDict

from portal.extensions import DEEDS
from portal.i18n.language import _
from portal.mail.device_texts import (
    authenticator_added,
    authenticator_removed,
    change_password,
    passkey_suspect,
)
from portal.mail.help_texts import reset, reset_requested, start_over, unlocked
from portal.mail.letters import Fact, Notice, address
from portal.rules.refusal import later
from portal.twofactor.signals import ChangeName, Ways

# Takes the facts of a change; `None` if another notice covers it.
Make = Callable[..., Notice | None]


class _Words(NamedTuple):
    """The sentences about changed areas."""

    changed: str
    added: str
    removed: str
    again: str


_WORDS: dict[Ways, _Words] = {
    "code": _Words(
        later("You changed when we ask for a code"),
        later("From now on we'll also ask for a code when you: %(deeds)s."),
        later("We no longer ask for a code when you: %(deeds)s."),
        later("Then choose again when we should ask for a code."),
    ),
    "passkey": _Words(
        later("You changed when we ask for your passkey"),
        later("From now on we'll also ask for your passkey when you: %(deeds)s."),
        later("We no longer ask for your passkey when you: %(deeds)s."),
        later("Then choose again when we should ask for your passkey."),
    ),
    "either": _Words(
        later("You changed when we ask for a code or passkey"),
        later("From now on we'll also ask for a code or passkey when you: %(deeds)s."),
        later("We no longer ask for a code or passkey when you: %(deeds)s."),
        later("Then choose again when we should ask for a code or passkey."),
    ),
}


def activated(areas: Iterable[str], ways: Ways = "code") -> Notice:
    """Return the notice that two-factor authentication is on."""
    if ways == "passkey":
        asked = _(
            "From now on we'll ask for your passkey when you: %(deeds)s.", deeds=deeds_of(areas)
        )
        elsewhere = _("Then somebody else has the passkey.")
    else:
        asked = _("From now on we'll ask for a code when you: %(deeds)s.", deeds=deeds_of(areas))
        elsewhere = _("Then somebody else has the codes.")
    return Notice(
        _("Two-factor authentication is on"),
        (
            asked,
            _("Keep your recovery code safe. You were signed out on your other devices."),
        ),
        advice=(
            elsewhere,
            _("Go to %(portal)s and reset your password.", portal=address()),
        ),
        contact=_("Can't sign in? Contact us now:"),
    )


def deactivated(by: str) -> Notice | None:
    """Return the notice that two-factor authentication is off; `reset` has the operator's."""
    if by == "operator":
        return None
    if by == "passkey":
        ends = _("Your passkeys and your recovery code no longer work here.")
    else:
        ends = _("The codes in your app and your recovery code no longer work.")
    again = _(
        "Go to %(portal)s, change your password, sign out other devices, and turn on two-factor "
        "authentication again.",
        portal=address(),
    )
    contact = _("Can't sign in? Contact us now:")
    if by == "recovery":
        return Notice(
            _("Your recovery code was used, so two-factor authentication is off"),
            (_("Only your password protects your account now."), ends),
            advice=(_("Then somebody else has your recovery code and your password."), again),
            contact=contact,
        )
    return Notice(
        _("Two-factor authentication is off"),
        (_("Only your password protects your account now."), ends),
        advice=(again,),
        contact=contact,
    )


def areas_changed(
    added: Iterable[str],
    removed: Iterable[str],
    ways: Ways = "code",
    demanded: Iterable[str] = (),
    eased: Iterable[str] = (),
) -> Notice:
    """Return the notice of changed areas."""
    words = _WORDS[ways]
    lines = []
    if added:
        lines.append(_(words.added, deeds=deeds_of(added)))
    if removed:
        lines.append(_(words.removed, deeds=deeds_of(removed)))
    if demanded:
        lines.append(
            _("From now on only a passkey counts when you: %(deeds)s.", deeds=deeds_of(demanded))
        )
    if eased:
        lines.append(_("From now on a code is enough when you: %(deeds)s.", deeds=deeds_of(eased)))
    return Notice(
        _(words.changed),
        tuple(lines),
        advice=(
            change_password(),
            _(words.again),
        ),
        contact=_("Can't sign in? Contact us now:"),
    )


def recovery_code_used() -> None:
    """Return no notice: `deactivated` follows and sends it."""


def recovery_code_replaced() -> Notice:
    """Return the notice of a new recovery code."""
    return Notice(
        _("You have a new recovery code"),
        (_("An older recovery code no longer works. Keep the new one safe."),),
        advice=(change_password(), _("Then create another recovery code.")),
        contact=_("Can't sign in? Contact us now:"),
    )


def trust_reused(browser: str) -> Notice:
    """Return the notice that a copy of a trusted browser's cookie came with the password."""
    kind, on, system = browser.partition(" on ")
    name = _("%(browser)s on %(system)s", browser=kind, system=system) if on else ""
    return Notice(
        _("We've stopped trusting one of your browsers"),
        (
            _(
                "Somebody entered your password in a browser that has an old copy of a trusted "
                "browser's data. From now on we'll ask for a code when you sign in there."
            ),
            _("This can also happen if you restored the browser from a backup."),
        ),
        advice=(
            _("Then somebody may have copied your browser's data and knows your password."),
            change_password(),
        ),
        contact=_("Can't sign in? Contact us now:"),
        question=_("Didn't restore a backup?"),
        facts=(Fact(_("Trusted browser"), name or _("An unknown browser")),),
        alarm=True,
    )


def imported(**_facts: Any) -> None:
    """Return no notice: an import is of all customers at once, and the portal's pages tell each."""


def undone(**_facts: Any) -> None:
    """Return no notice: the portal's own undo, of which it is a part, sends it."""


class _Changes(TypedDict):
    """A function for each `ChangeName`, so that the type checker finds a missing function."""

    activated: Make
    imported: Make
    deactivated: Make
    areas_changed: Make
    recovery_code_used: Make
    recovery_code_replaced: Make
    authenticator_added: Make
    authenticator_removed: Make
    passkey_suspect: Make
    trust_reused: Make
    reset: Make
    reset_requested: Make
    start_over: Make
    unlocked: Make
    undone: Make


_CHANGES: _Changes = {
    "activated": activated,
    "imported": imported,
    "deactivated": deactivated,
    "areas_changed": areas_changed,
    "recovery_code_used": recovery_code_used,
    "recovery_code_replaced": recovery_code_replaced,
    "authenticator_added": authenticator_added,
    "authenticator_removed": authenticator_removed,
    "passkey_suspect": passkey_suspect,
    "trust_reused": trust_reused,
    "reset": reset,
    "reset_requested": reset_requested,
    "start_over": start_over,
    "unlocked": unlocked,
    "undone": undone,
}


def of_change(name: ChangeName, facts: Mapping[str, Any]) -> Notice | None:
    """Return the notice of a change, or `None` if another notice covers it.

    Args:
        name: the name of the change.
        facts: the arguments of its signal.
    """
    return _CHANGES[name](**facts)


def deeds_of(areas: Iterable[str]) -> str:
    """Return what is asked for, in the portal's order: `sign in or change your password`."""
    chosen = set(areas)
    *first, last = [str(deed) for area, deed in DEEDS.items() if area in chosen] or [""]
    return _("%(deeds)s or %(last)s", deeds=", ".join(first), last=last) if first else last
