"""The pages of the overview and of the security section."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from portal import sessions
from portal.account import known_browsers, protection, service
from portal.account.credentials import stands_on, version_of
from portal.account.customers import email_of
from portal.account.email_change.service import ask, waiting
from portal.account.forms import (
    BrowserMailsForm,
    CloseForm,
    EmailForm,
    PasswordForm,
    ProfileForm,
    SignOutForm,
)
from portal.clock import now, today
from portal.extensions import db, twofactor
from portal.i18n.language import _, plural, worded
from portal.models import Customer
from portal.rules.names import Refused, checked_email
from portal.rules.refusal import later
from portal.security.retries import done_again
from portal.validators import typed
from portal.web import repeats

blueprint = Blueprint("account", __name__)
ACTIVE_SECONDS = 5 * 60  # a session that was used since then is "active now"
PASSWORD_CHANGED = later("Your password is changed. You're signed out on your other devices.")
LINK_SENT = later(
    "We've sent an e-mail to your new address. Open the link in it to confirm that the address is "
    "yours."
)


def customer() -> Customer:
    """Return the signed-in customer as a row, not as Flask-Login's proxy."""
    found: Customer = current_user._get_current_object()
    return found


blueprint.add_app_template_global(service.shortest_password, "shortest_password")
blueprint.add_app_template_global(email_of)


@blueprint.get("/.well-known/change-password")
def change_password() -> ResponseReturnValue:
    """Redirect password managers to the page for a new password (W3C, well-known URL)."""
    return redirect(url_for("account.password"), 303)


@blueprint.get("/")
@login_required
def overview() -> ResponseReturnValue:
    """Show the protection card, the unpaid invoices and the profile."""
    card = protection.card(customer())
    # Invoices that are protected by a code are not shown without one.
    hidden = "invoices" in card.areas
    invoices = [] if hidden else [each for each in customer().invoices if each.paid_on is None]
    return render_template(
        "account/overview.html",
        card=card,
        invoices=invoices,
        hidden=hidden,
        total=sum(each.gross for each in invoices),
        overdue=sum(each.status(today()) == "overdue" for each in invoices),
    )


@blueprint.get("/security/")
@login_required
def security() -> ResponseReturnValue:
    """Show the protection card, the areas protected by a code and all settings."""
    return render_template(
        "account/security.html",
        card=protection.card(customer()),
        areas=protection.areas_of(customer()),
    )


@blueprint.route("/security/profile", methods=["GET", "POST"])
@login_required
def profile() -> ResponseReturnValue:
    """Change name, company, address and phone."""
    form = ProfileForm(obj=customer())
    if form.validate_on_submit():

        def work() -> None:
            form.populate_obj(customer())
            db.session.commit()

        done_again(work)
        flash(_("Your profile is saved."), "success")
        return redirect(url_for("account.security"), 303)
    return render_template("account/profile.html", form=form)


@blueprint.route("/security/password", methods=["GET", "POST"])
@login_required
@repeats.answered(PASSWORD_CHANGED, "account.security")
def password() -> ResponseReturnValue:
    """Change the password; all other sessions end. The form is checked before a code is asked."""
    form = PasswordForm()
    if form.validate_on_submit():
        chosen = typed(form.new_password)
        problem = service.problem_with_password(customer(), chosen)
        if problem:
            form.new_password.errors = [problem]
        else:
            twofactor.require("password")
            service.replace_password(customer(), chosen, stands_on(customer()))
            known_browsers.carry_over(customer().id)
            twofactor.password_confirmed()
            repeats.note()
            flash(_(PASSWORD_CHANGED), "success")
            return redirect(url_for("account.security"), 303)
    return render_template("account/password.html", form=form)


def _waits() -> bool:
    """Return whether the address of the form waits for its link, which can be cancelled."""
    there = waiting(customer())
    return there is not None and there.email == checked_email(request.form.get("email", ""))


@blueprint.route("/security/email", methods=["GET", "POST"])
@login_required
@repeats.answered(LINK_SENT, "account.security", _waits)
def email() -> ResponseReturnValue:
    """Ask for another e-mail address, which counts once it is confirmed; both get a mail.

    The form is checked before a code is asked. Whether another customer has the address is told
    neither before the code nor after it.
    """
    form = EmailForm()
    if form.validate_on_submit():
        address = checked_email(typed(form.email))
        twofactor.require("email", summary=_("to %(email)s", email=address))
        try:
            ask(customer(), typed(form.email))
        except Refused as refusal:
            form.email.errors = [worded(refusal)]
        else:
            repeats.note()
            flash(_(LINK_SENT), "success")
            return redirect(url_for("account.security"), 303)
    return render_template("account/email.html", form=form)


@blueprint.route("/security/close", methods=["GET", "POST"])
@login_required
def close() -> ResponseReturnValue:
    """Close the account for good. The password is checked before a code is asked."""
    form = CloseForm()
    if form.validate_on_submit():
        twofactor.require("close_account", summary=_closing())
        service.close_account(customer())
        flash(_("Your account is closed. Thank you for being our customer."), "success")
        return redirect(url_for("auth.login"), 303)
    return render_template("account/close.html", form=form)


def _closing() -> str:
    """Return what is closed, for the question for a code."""
    return _("your account “%(name)s” and all its invoices", name=customer().username)


@blueprint.route("/security/sessions", methods=["GET", "POST"])
@login_required
def sessions_page() -> ResponseReturnValue:
    """List where the customer is signed in; POST signs out one device, or all others."""
    form = SignOutForm()
    if form.validate_on_submit():
        number = request.form.get("session", "")
        if request.form.get("others"):
            ended = sessions.end_others(customer().id, version_of(customer()))
            told = plural(
                "You've signed out %(count)d other device.",
                "You've signed out %(count)d other devices.",
                ended,
            )
            flash(told if ended else _("You're signed in only on this device."), "success")
        elif number.isascii() and number.isdigit() and len(number) < 10:
            if sessions.end_one(customer().id, int(number)):
                flash(_("That device is signed out."), "success")
            else:
                flash(_("That device was already signed out."), "warning")
        return redirect(url_for("account.sessions_page"), 303)
    records = service.live_sessions(customer())
    days = current_app.config["SESSION_PERSISTENT_SECONDS"] // 86_400
    return render_template(
        "account/sessions.html",
        form=form,
        records=records,
        present=[record.id for record in records if sessions.is_present(record)],
        active_since=now() - ACTIVE_SECONDS,
        stays=plural(
            "stays signed in for %(count)d day", "stays signed in for %(count)d days", days
        ),
    )


@blueprint.route("/security/sign-in-mails", methods=["GET", "POST"])
@login_required
def browser_mails() -> ResponseReturnValue:
    """Turn the mails about new browsers on or off.

    Turning them off takes a code, or the password of a customer without a second factor.
    """
    form, wanted = BrowserMailsForm(), request.form.get("wanted") == "on"
    if wanted or twofactor.is_on(customer()):
        del form.current_password
    if request.method == "POST" and wanted is customer().new_browser_mails:
        return _browser_mails_are(wanted)  # sent twice, or from two windows
    if form.validate_on_submit():
        if not wanted:
            twofactor.require("preferences", summary=_("No more e-mails about new sign-ins"))
        known_browsers.send_mails(customer(), wanted)
        return _browser_mails_are(wanted)
    return render_template("account/sign_in_mails.html", form=form)


def _browser_mails_are(wanted: bool) -> ResponseReturnValue:
    told = _("E-mails about new sign-ins are on.") if wanted else None
    flash(told or _("E-mails about new sign-ins are off."), "success" if wanted else "warning")
    return redirect(url_for("account.sessions_page"), 303)
