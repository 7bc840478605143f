"""The warnings of wrong codes and passwords, in the current language."""

from portal.i18n.language import _
from portal.mail.device_texts import change_password
from portal.mail.letters import Notice, address

ALARM_AFTER = 5
PASSWORDS_ALARM_AFTER = 10


def wrong_codes() -> Notice:
    """Return the warning of wrong codes."""
    return Notice(
        _("Wrong codes for your account"),
        (
            _(
                "Somebody entered %(count)d wrong codes. They probably know your password. If it "
                "wasn't you, change it now.",
                count=ALARM_AFTER,
            ),
            _("After each further wrong code we make them wait longer."),
            _("Was it you? Set your phone's date and time to automatic, then enter a new code."),
        ),
        advice=(change_password(),),
        contact=_("Can't sign in? Contact us now:"),
        alarm=True,
    )


def wrong_passwords() -> Notice:
    """Return the warning of wrong passwords."""
    return Notice(
        _("Wrong passwords for your account"),
        (
            _(
                "Somebody entered %(count)d wrong passwords. After each further one we make them "
                "wait longer.",
                count=PASSWORDS_ALARM_AFTER,
            ),
            _("You can still sign in with a browser that you've used here before."),
            _("Was it you? Choose “Forgot your password?” on the sign-in page."),
        ),
        advice=(
            _(
                "If you use your password elsewhere or it's easy to guess, go to %(portal)s and "
                "change it.",
                portal=address(),
            ),
        ),
        contact=_("Can't sign in? Contact us now:"),
        alarm=True,
    )


def locked_codes() -> Notice:
    """Return the warning that codes are locked after very many wrong codes."""
    return Notice(
        _("We've locked codes to protect your account"),
        (
            _("Somebody entered a great many wrong codes, so we no longer accept codes."),
            _("You can still use your recovery code. It turns off two-factor authentication."),
        ),
        advice=(
            _("They probably know your password."),
            _(
                "Go to %(portal)s, sign in with your recovery code, and change your password.",
                portal=address(),
            ),
        ),
        contact=_("No recovery code? Contact us to unlock your account:"),
        alarm=True,
    )
