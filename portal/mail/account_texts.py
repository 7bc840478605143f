"""The notices about password, e-mail address and account, in the current language."""

from typing import Protocol

from flask import current_app

from portal.i18n.language import _, plural
from portal.mail.letters import Fact, Link, Notice, address, when_of
from portal.rules.email_addresses import masked


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


def email_asked(new: str) -> Notice:
    """Return the notice for the current address that another one is to replace it.

    The other one is told as far as its owner recognises it, since a reader of this mailbox may be
    the reason for the change.
    """
    return Notice(
        _("Somebody asked to change your e-mail address"),
        (
            _("The new address counts once it's confirmed from its own mailbox."),
            _("Until then we'll write to this address."),
        ),
        advice=(
            _(
                "Go to %(portal)s, cancel the new address under Security, change your password, "
                "and sign out other devices.",
                portal=address(),
            ),
        ),
        contact=_("Can't sign in? Contact us now:"),
        facts=(Fact(_("New address"), masked(new)),),
    )


def email_link(link: str) -> Notice:
    """Return the mail with the link that confirms a new address.

    Its reader may be a stranger to the person who typed the address, so it has no word of theirs.
    """
    hours = current_app.config["EMAIL_SECONDS"] // 3600
    return Notice(
        _("Confirm your e-mail address"),
        (
            plural(
                "Somebody asked us to use this e-mail address for their account. If it was you, "
                "confirm it within %(count)d hour:",
                "Somebody asked us to use this e-mail address for their account. If it was you, "
                "confirm it within %(count)d hours:",
                hours,
            ),
        ),
        advice=(_("You don't need to do anything. We won't use this address."),),
        link=Link(_("Confirm this address"), _("Or copy this address into your browser:"), link),
        after=_("You can use the link once."),
        strangers=True,
    )


def email_taken() -> Notice:
    """Return the notice for a customer whose address somebody has typed for another account."""
    return Notice(
        _("You already use this e-mail address"),
        (
            _(
                "Somebody asked us to use this e-mail address for another account. It belongs to "
                "yours, so we didn't send a link to confirm it."
            ),
        ),
        advice=(
            _(
                "You can use an e-mail address for only one account. Change it in this one first, "
                "then try again."
            ),
        ),
        question=_("Was it you?"),
        after=_("You don't need to do anything. Your account stays as it is."),
        strangers=True,
    )


def email_changed(new: str) -> Notice:
    """Return the notice for the old address that another one has replaced it."""
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
        facts=(Fact(_("New address"), masked(new)),),
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
