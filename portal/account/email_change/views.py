"""The pages of a new address that waits: its link, *Send again* and *Cancel*."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from portal.account.customers import email_of
from portal.account.email_change import service
from portal.account.views import blueprint, customer
from portal.i18n.language import _, worded
from portal.rules.names import Refused
from portal.rules.refusal import later
from portal.web import opened_links

CONFIRMED = later("%(email)s is confirmed.")
SENT_AGAIN = later("We've sent a new e-mail. The earlier link no longer works.")
NOTHING_WAITS = later("No new e-mail address is waiting to be confirmed.")
DEAD_LINK = later(
    "This link has expired or no longer works. Under Security you can see your e-mail address and "
    "ask for a new link."
)

blueprint.add_app_template_global(service.waiting, "waiting_email")


@blueprint.route("/security/email/again", methods=["GET", "POST"])
@login_required
def email_again() -> ResponseReturnValue:
    """Mail a new link to the address that waits. GET leads to the page with the button."""
    if request.method != "POST":
        return redirect(url_for("account.email"), 303)
    try:
        sent = service.send_again(customer())
    except Refused as refusal:
        flash(worded(refusal), "error")
    else:
        flash(_(SENT_AGAIN if sent else NOTHING_WAITS), "success" if sent else "warning")
    return redirect(url_for("account.security"), 303)


@blueprint.route("/security/email/cancel", methods=["GET", "POST"])
@login_required
def email_cancel() -> ResponseReturnValue:
    """Drop the address that waits. GET leads to the page with the button."""
    if request.method != "POST":
        return redirect(url_for("account.email"), 303)
    cancelled = service.cancel(customer())
    if not email_of(customer()):
        flash(_("You have no e-mail address. Enter one."), "warning")
    elif cancelled:
        flash(_("Your e-mail address stays %(email)s.", email=customer().email), "success")
    else:
        flash(_("Your e-mail address is %(email)s.", email=customer().email), "warning")
    return redirect(url_for("account.security"), 303)


@blueprint.get("/security/email/<token>")
def email_link(token: str) -> ResponseReturnValue:
    """Open a mailed link and redirect to its page, so that the token leaves the address bar.

    Nothing changes without the button of that page, and the link works elsewhere, too: programs
    that check mails open links before their readers do.
    """
    if request.method != "HEAD" and not service.open_link(token):
        return _dead_link()
    return redirect(url_for("account.email_confirm"), 303)


@blueprint.route("/security/email/confirm", methods=["GET", "POST"])
def email_confirm() -> ResponseReturnValue:
    """Confirm a new address with an opened link, signed in or not; it signs nobody in."""
    link = service.opened_link()
    taken = False
    mark = opened_links.mark(link.customer.id, link.email) if link is not None else ""
    if link is not None and opened_links.is_of_another(mark):
        return opened_links.shown_anew()
    if link is not None and request.method == "POST":
        try:
            service.confirm(link)
        except service.Taken:
            taken = True
        except service.LinkDead:
            link = None
        else:
            return _confirmed(link.email)
    if link is None:
        return _confirmed_already()
    own = not current_user.is_authenticated or current_user.id == link.customer.id
    page = render_template(
        "account/email_confirm.html", email=link.email, mark=mark, own=own, taken=taken
    )
    return page, 409 if taken else 200


def _confirmed(email: str) -> ResponseReturnValue:
    flash(_(CONFIRMED, email=email), "success")
    return redirect(url_for("account.security"), 303)


def _confirmed_already() -> ResponseReturnValue:
    """Tell a form what was confirmed, and say so if that is not what its page was about."""
    found = service.confirmed()
    if found is None:
        return _dead_link()
    if opened_links.is_of_another(opened_links.mark(*found)):
        opened_links.say()
    return _confirmed(found[1])


def _dead_link() -> ResponseReturnValue:
    flash(_(DEAD_LINK), "error")
    return redirect(url_for("account.email"), 303)
