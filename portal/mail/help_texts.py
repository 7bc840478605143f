"""The notices about what our support team does for a customer, in the current language."""

from portal.i18n.language import _
from portal.mail.letters import Link, Notice, address, mailed_address


def reset(**_facts: str) -> Notice:
    """Return the notice that an operator has turned two-factor authentication off."""
    return Notice(
        _("Our support team turned off two-factor authentication"),
        (
            _("Only your password protects your account now. You were signed out everywhere."),
            _("You can turn two-factor authentication on again under Security."),
        ),
        advice=(
            _("Then somebody else may have asked in your name."),
            _(
                "Go to %(portal)s, change your password, and turn on two-factor authentication "
                "again.",
                portal=address(),
            ),
        ),
        contact=_("Tell us, too:"),
        question=_("Didn't ask us for this?"),
        by_staff=True,
    )


def unlocked(**_facts: str) -> Notice:
    """Return the notice that an operator has unlocked the codes."""
    return Notice(
        _("We've unlocked your account"),
        (
            _("You can enter codes again. Two-factor authentication is still on."),
            _("You were signed out everywhere."),
        ),
        advice=(
            _("Then somebody else may have asked in your name."),
            _("Go to %(portal)s and change your password.", portal=address()),
        ),
        contact=_("Tell us, too:"),
        question=_("Didn't ask us for this?"),
        by_staff=True,
    )


def reset_requested(**_facts: str) -> Notice:
    """Return the notice that an agent wants to turn two-factor authentication off."""
    return Notice(
        _("Somebody asked us to turn off two-factor authentication"),
        (
            _(
                "Somebody contacted our support team in your name. They said they can't use any of "
                "your devices."
            ),
            _(
                "Nothing has changed yet. If it was you, you don't need to do anything: another "
                "colleague checks it first."
            ),
        ),
        advice=(
            _("Then somebody else may have asked in your name. Tell us at once."),
            _("Go to %(portal)s and change your password.", portal=address()),
        ),
        contact=_("Contact us now:"),
        question=_("Didn't ask us for this?"),
        by_staff=True,
    )


def start_over(start_over: str, **_facts: object) -> Notice:
    """Return the mail with the link with which a customer without devices starts over.

    Args:
        start_over: the token of the link.
    """
    url = mailed_address("twofactor.start_over_link", token=start_over)
    return Notice(
        _("Set up two-factor authentication again"),
        (
            _("You told our support team that you can't use any of your devices."),
            _("Open this link within 24 hours. You need your password, and your new phone:"),
        ),
        advice=(
            _("Then somebody else may have asked in your name. Don't open the link."),
            _("Go to %(portal)s and change your password.", portal=address()),
        ),
        contact=_("Tell us, too:"),
        question=_("Didn't ask us for this?"),
        link=Link(_("Start over"), _("Or copy this address into your browser:"), url),
        after=_("You can use the link once."),
        by_staff=True,
    )
