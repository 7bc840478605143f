"""The notices about password, e-mail address and account, in the current language."""

from typing import Protocol

from flask import current_app

from portal.i18n.language import _
from portal.mail.letters import Fact, Link, Notice, address, when_of


def password_changed() -> Notice:
    """Return the notice of a changed password."""
    return Notice(
        _("Your password is changed"),
        (_("You were signed out on your other devices."),),
        advice=(
            _(
                "Go to %(portal)s and choose “Forgot your password?” to set a new one.",
                portal=address(),
            ),
        ),
        contact=_("Can't sign in? Contact us now:"),
    )


def email_changed(new: str) -> Notice:
    """Return the notice of a changed address for the old one, in case somebody else changed it."""
    return Notice(
        _("Your e-mail address is changed"),
        (_("From now on we'll write to your new address."),),
        advice=(
            _(
                "Go to %(portal)s, change your password and your e-mail address, and sign out "
                "other devices.",
                portal=address(),
            ),
        ),
        contact=_("Can't sign in? Contact us now:"),
        facts=(Fact(_("New address"), new),),
    )


def email_taken(new: str) -> Notice:
    """Return the notice of a changed address for the new one."""
    return Notice(
        _("Your e-mail address is changed"),
        (_("From now on we'll write to this address."),),
        advice=(_("Somebody entered your address for their account."),),
        contact=_("Please tell us:"),
        question=_("Not your account?"),
        facts=(Fact(_("New address"), new),),
    )


class Undone(Protocol):
    """A change that was undone: sentences in the current language."""

    @property
    def headline(self) -> str:
        """Say what was changed."""

    @property
    def at(self) -> int:
        """The time of the change, in Unix seconds."""

    @property
    def effects(self) -> tuple[str, ...]:
        """Say how things are now."""

    @property
    def asked(self) -> str:
        """Say that the link asks for a former password; empty if it does not."""


def undone(deed: Undone, link: str, zone: str | None) -> Notice:
    """Return the notice that a change was undone, with the link for a new password."""
    minutes = current_app.config["RESET_SECONDS"] // 60
    changed = Fact(_("Undone change"), f"{deed.headline}, {when_of(deed.at, zone)}")
    return Notice(
        _("You undid a change to your account"),
        (
            *deed.effects,
            _("Choose a new password within %(minutes)d minutes:", minutes=minutes),
        ),
        advice=(
            _("Then somebody else can read your e-mail. Change the password of your mailbox."),
        ),
        contact=_("Contact us now:"),
        facts=(changed,),
        link=Link(_("Choose a new password"), _("Or copy this address into your browser:"), link),
        after=" ".join(filter(None, (_("You can use the link once."), deed.asked))),
    )


def account_closed() -> Notice:
    """Return the notice of a closed account."""
    return Notice(
        _("Your account is closed"),
        (
            _("We've deleted your details and your invoices from the portal."),
            _("Thank you for being our customer."),
        ),
        advice=(
            _("Then somebody else knows your password. If you use it elsewhere, change it there."),
        ),
        contact=_("Contact us now:"),
    )


def reset_requested(link: str) -> Notice:
    """Return the mail with the link that resets a forgotten password."""
    minutes = current_app.config["RESET_SECONDS"] // 60
    return Notice(
        _("Reset your password"),
        (
            _(
                "You asked to reset your password. Choose a new one within %(minutes)d minutes:",
                minutes=minutes,
            ),
        ),
        advice=(_("You don't need to do anything. Your password stays the same."),),
        link=Link(_("Choose a new password"), _("Or copy this address into your browser:"), link),
        after=_("You can use the link once."),
    )
