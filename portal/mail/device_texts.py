"""The notices about devices and passkeys, in the current language."""

from portal.i18n.language import _
from portal.mail.help_texts import by_staff
from portal.mail.letters import Fact, Notice, address

PASSKEY = "passkey"
UNNAMED = "Authenticator app"  # the name that signals give to an app without a name of its own


def authenticator_added(authenticator: str, kind: str = "") -> Notice:
    """Return the notice of an added device or passkey."""
    if kind == PASSKEY:
        subject = _("Your account has a new passkey")
        told = _("You can use it where we ask for a passkey or a code.")
    else:
        subject = _("Your account has a new device")
        told = _("You can use codes from any of your devices.")
    return Notice(
        subject,
        (told, _("If you added it with a code, it may not work for everything at first.")),
        advice=(_remove(authenticator),),
        contact=_("Can't sign in? Contact us now:"),
        facts=(_named(authenticator, kind),),
    )


def authenticator_removed(authenticator: str, kind: str = "", by: str = "", **_more: str) -> Notice:
    """Return the notice of a removed device or passkey; `by` is an operator who removed it."""
    if by:
        return _removed_by_operator(authenticator, kind)
    if kind == PASSKEY:
        subject = _("A passkey is removed from your account")
        told = _(
            "“%(device)s” no longer works here. You can delete it from your device or password "
            "manager.",
            device=device_name(authenticator),
        )
    else:
        subject = _("A device is removed from your account")
        told = _(
            "Codes from “%(device)s” no longer work. You can delete this account from the app "
            "on that device.",
            device=device_name(authenticator),
        )
    return Notice(
        subject,
        (told,),
        advice=(
            change_password(),
            _("Then check the list of your devices, and add yours again."),
        ),
        contact=_("Can't sign in? Contact us now:"),
        facts=(_named(authenticator, kind),),
    )


def _removed_by_operator(authenticator: str, kind: str) -> Notice:
    if kind == PASSKEY:
        subject = _("Our support team removed a passkey from your account")
    else:
        subject = _("Our support team removed a device from your account")
    return by_staff(
        subject,
        _("“%(device)s” no longer works here.", device=device_name(authenticator)),
        _("You were signed out everywhere."),
        facts=(_named(authenticator, kind),),
    )


def passkey_suspect(authenticator: str, **_more: str) -> Notice:
    """Return the warning that a passkey may have been copied."""
    return Notice(
        _("One of your passkeys may have been copied"),
        (
            _(
                "We refused “%(device)s”, so nobody could use it.",
                device=device_name(authenticator),
            ),
            _(
                "This can also happen if you use it in two windows at once. Try again; if we "
                "refuse it again, remove it."
            ),
        ),
        advice=(_remove(authenticator),),
        contact=_("Can't sign in? Contact us now:"),
        facts=(_named(authenticator, PASSKEY),),
        alarm=True,
    )


def change_password() -> str:
    """Return the advice that fits where somebody else may be signed in."""
    return _(
        "Go to %(portal)s, change your password, and sign out other devices.", portal=address()
    )


def _remove(authenticator: str) -> str:
    return _(
        "Go to %(portal)s, remove “%(device)s”, change your password, and sign out other devices.",
        portal=address(),
        device=device_name(authenticator),
    )


def _named(authenticator: str, kind: str) -> Fact:
    return Fact(_("Passkey") if kind == PASSKEY else _("Device"), device_name(authenticator))


def device_name(name: str) -> str:
    """Return the name of a device for people to read; the usual one is translated."""
    return _("Authenticator app") if name == UNNAMED else name
