"""The notices about sign-ins in new browsers, in the current language."""

from portal.i18n.language import _
from portal.mail.device_texts import change_password
from portal.mail.letters import Notice


def new_browser(last: bool = False) -> Notice:
    """Return the notice of a sign-in in a new browser; `last` says that no more follow today."""
    told = [_("Somebody signed in with a browser that we don't recognise.")]
    if last:
        told.append(
            _("There were several today, so we won't e-mail you about any more until tomorrow.")
        )
    told.append(_("Was it you? Then you don't need to do anything."))
    return Notice(
        _("New sign-in to your account"),
        tuple(told),
        advice=(_("Then somebody else can sign in to your account."), change_password()),
        contact=_("Can't sign in? Contact us now:"),
    )


def mails_off() -> Notice:
    """Return the notice that the mails about new browsers are turned off."""
    return Notice(
        _("You turned off e-mails about new sign-ins"),
        (_("From now on we won't tell you when you sign in with a browser we don't recognise."),),
        advice=(
            change_password(),
            _("Then turn these e-mails on again, under “Where you're signed in”."),
        ),
        contact=_("Can't sign in? Contact us now:"),
    )
