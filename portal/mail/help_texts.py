"""The notices about what our support team does for a customer, in the current language."""

from portal.i18n.language import _
from portal.mail.letters import Fact, Link, Notice, address, mailed_address


def by_staff(
    subject: str,
    *paragraphs: str,
    first: str = "",
    then: str = "",
    contact: str = "",
    facts: tuple[Fact, ...] = (),
) -> Notice:
    """Return the notice of something that our support team did.

    Args:
        subject: what was done.
        paragraphs: what it means.
        first: what a customer does who did not ask for it, after "somebody else may have asked".
        then: the advice after it; by default to change the password.
        contact: the words before the support contacts.
        facts: rows of the table.
    """
    return Notice(
        subject,
        paragraphs,
        advice=(
            first or _("Then somebody else may have asked in your name."),
            then or _("Go to %(portal)s and change your password.", portal=address()),
        ),
        contact=contact or _("Tell us, too:"),
        question=_("Didn't ask us for this?"),
        facts=facts,
        by_staff=True,
    )


def reset(**_facts: str) -> Notice:
    """Return the notice that an operator has turned two-factor authentication off."""
    return by_staff(
        _("Our support team turned off two-factor authentication"),
        _("Only your password protects your account now. You were signed out everywhere."),
        _("You can turn two-factor authentication on again under Security."),
        then=_(
            "Go to %(portal)s, change your password, and turn on two-factor authentication again.",
            portal=address(),
        ),
    )


def unlocked(**_facts: str) -> Notice:
    """Return the notice that an operator has unlocked the codes."""
    return by_staff(
        _("We've unlocked your account"),
        _("You can enter codes again. Two-factor authentication is still on."),
        _("You were signed out everywhere."),
    )


def reset_requested(**_facts: str) -> Notice:
    """Return the notice that an agent wants to turn two-factor authentication off."""
    return by_staff(
        _("Somebody asked us to turn off two-factor authentication"),
        _(
            "Somebody contacted our support team in your name. They said they can't use any of "
            "your devices."
        ),
        _("If it was you, you don't need to do anything: another colleague checks it first."),
        first=_("Then somebody else may have asked in your name. Tell us at once."),
        contact=_("Contact us now:"),
    )


def start_over(start_over: str, **_facts: object) -> Notice:
    """Return the mail with the link with which a customer without devices starts over.

    Args:
        start_over: the token of the link.
    """
    url = mailed_address("twofactor.start_over_link", token=start_over)
    return by_staff(
        _("Set up two-factor authentication again"),
        _("You told our support team that you can't use any of your devices."),
        _("Open this link within 24 hours. You need your password, and your new phone:"),
        first=_("Then somebody else may have asked in your name. Don't open the link."),
    )._replace(
        link=Link(_("Start over"), _("Or copy this address into your browser:"), url),
        after=_("You can use the link once."),
    )
