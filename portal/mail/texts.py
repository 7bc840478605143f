"""The texts of the notices to the owner of an account, in the current language."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypedDict

from portal.extensions import twofactor
from portal.i18n.language import _
from portal.twofactor.signals import ChangeName

ALARM_AFTER = 5
PASSWORDS_ALARM_AFTER = 10


class Notice(NamedTuple):
    """The subject and the text of a mail."""

    subject: str
    text: str


# Takes the facts of a change; `None` if another notice covers it.
Make = Callable[..., Notice | None]


def activated(areas: Iterable[str]) -> Notice:
    """Return the notice that two-factor authentication is on."""
    return Notice(
        _("Two-factor authentication is on"),
        _(
            "Two-factor authentication was switched on for your account.\n"
            "A code from your phone is now asked for here: %(areas)s.\n"
            "All other sessions were signed out. Keep the recovery code in a safe place.",
            areas=_labels(areas),
        ),
    )


def deactivated(by: str) -> Notice | None:
    """Return the notice that two-factor authentication is off; `reset` has the operator's."""
    if by == "recovery":
        return Notice(
            _("Your recovery code was used: two-factor authentication is off"),
            _(
                "The recovery code of your account was used. It can't be used again, and it has "
                "switched off two-factor authentication for your account.\n"
                "From now on the password alone protects it. The entry in the app on your phone "
                "and the recovery code are void."
            ),
        )
    if by == "operator":
        return None
    return Notice(
        _("Two-factor authentication is off"),
        _(
            "Two-factor authentication was switched off for your account.\n"
            "From now on the password alone protects it. The entry in the app on your phone and "
            "the recovery code are void."
        ),
    )


def areas_changed(added: Iterable[str], removed: Iterable[str]) -> Notice:
    """Return the notice of changed areas."""
    lines = [_("You have changed where a code is asked for.")]
    if added:
        lines.append(_("A code is now asked for here too: %(areas)s.", areas=_labels(added)))
    if removed:
        lines.append(_("A code is no longer asked for here: %(areas)s.", areas=_labels(removed)))
    return Notice(_("Your two-factor settings were changed"), "\n".join(lines))


def recovery_code_used() -> None:
    """Return no notice: `deactivated` follows and sends it."""


def recovery_code_replaced() -> Notice:
    """Return the notice of a new recovery code."""
    return Notice(
        _("You have a new recovery code"),
        _("A new recovery code was made for your account. The old one is void."),
    )


def authenticator_added(authenticator: str) -> Notice:
    """Return the notice of an added authenticator."""
    return Notice(
        _("Another authenticator app was added"),
        _(
            "Another authenticator app was added to your account: %(app)s.\n"
            "Codes of each of your apps are accepted from now on.",
            app=authenticator,
        ),
    )


def authenticator_removed(authenticator: str) -> Notice:
    """Return the notice of a removed authenticator."""
    return Notice(
        _("An authenticator app was removed"),
        _(
            "An authenticator app was removed from your account: %(app)s.\n"
            "Its codes are not accepted any more. You can delete the entry in that app.",
            app=authenticator,
        ),
    )


def trust_reused(browser: str) -> Notice:
    """Return the notice that a copy of a trusted browser's cookie came with the password."""
    kind, on, system = browser.partition(" on ")
    name = _("%(browser)s on %(system)s", browser=kind, system=system) if on else ""
    return Notice(
        _("A browser is no longer trusted"),
        _(
            "Your password was entered together with an old copy of what we know a trusted browser "
            "by: %(browser)s.\n"
            "That browser is no longer trusted: we ask for a code again when you sign in there. "
            "This can also happen when a browser was restored from a backup.",
            browser=name or _("An unknown browser"),
        ),
    )


def reset(**_facts: str) -> Notice:
    """Return the notice that an operator has turned two-factor authentication off."""
    return Notice(
        _("Two-factor authentication was reset"),
        _(
            "Our staff has switched off two-factor authentication for your account.\n"
            "From now on the password alone protects it. You can switch it on again in the "
            "security section. All sessions were signed out."
        ),
    )


def unlocked(**_facts: str) -> Notice:
    """Return the notice that an operator has unlocked the codes."""
    return Notice(
        _("Codes were unlocked for your account"),
        _(
            "Our staff has ended the wait after wrong codes for your account. Two-factor "
            "authentication stays on. All sessions were signed out."
        ),
    )


def wrong_codes() -> Notice:
    """Return the warning of wrong codes."""
    return Notice(
        _("Wrong codes for your account"),
        _(
            "%(count)d wrong codes in a row were entered for your account. Whoever did this has "
            "to wait longer and longer now.\nTo be asked for a code at sign-in, one has to know "
            "the password.",
            count=ALARM_AFTER,
        ),
    )


def wrong_passwords() -> Notice:
    """Return the warning of wrong passwords."""
    return Notice(
        _("Wrong passwords for your account"),
        _(
            "%(count)d wrong passwords in a row were entered for your account. Further ones have "
            "to wait longer and longer now.\nYou can still sign in with a browser that you have "
            "used before. If you forgot your password, choose a new one on the sign-in page.",
            count=PASSWORDS_ALARM_AFTER,
        ),
    )


def locked_codes() -> Notice:
    """Return the warning that codes are locked after very many wrong codes."""
    return Notice(
        _("Codes are locked for your account"),
        _(
            "After very many wrong codes in a row no code is accepted for your account any more. "
            "Two-factor authentication stays on.\nYour recovery code still works; without it, ask "
            "us to unlock the account."
        ),
    )


class _Changes(TypedDict):
    """A function for each `ChangeName`, so that the type checker finds a missing function."""

    activated: Make
    deactivated: Make
    areas_changed: Make
    recovery_code_used: Make
    recovery_code_replaced: Make
    authenticator_added: Make
    authenticator_removed: Make
    trust_reused: Make
    reset: Make
    unlocked: Make


_CHANGES: _Changes = {
    "activated": activated,
    "deactivated": deactivated,
    "areas_changed": areas_changed,
    "recovery_code_used": recovery_code_used,
    "recovery_code_replaced": recovery_code_replaced,
    "authenticator_added": authenticator_added,
    "authenticator_removed": authenticator_removed,
    "trust_reused": trust_reused,
    "reset": reset,
    "unlocked": unlocked,
}


def of_change(name: ChangeName, facts: Mapping[str, Any]) -> Notice | None:
    """Return the notice of a change, or `None` if another notice covers it.

    Args:
        name: the name of the change.
        facts: the arguments of its signal.
    """
    return _CHANGES[name](**facts)


def _labels(keys: Iterable[str]) -> str:
    labels = {area.key: str(area.label) for area in twofactor.areas}
    return ", ".join(label for key, label in labels.items() if key in set(keys))
