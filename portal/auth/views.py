"""The pages of signing in."""

from functools import partial

from flask import (
    Blueprint,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from portal import sessions
from portal.account.credentials import Overtaken
from portal.account.password_attempts import held_sentence, seconds_to_wait
from portal.account.service import check_choice
from portal.auth import former, service
from portal.auth.forms import ForgotForm, ResetForm, SignInForm
from portal.extensions import twofactor
from portal.i18n import zones
from portal.i18n.language import _, worded
from portal.models import Customer
from portal.rules.passwords import PasswordRefused
from portal.rules.refusal import later
from portal.twofactor import PasswordHeld
from portal.validators import typed
from portal.web import opened_links, refused_forms, repeats
from portal.web.errors import wants_json

blueprint = Blueprint("auth", __name__)
WRONG = later(
    "Your user name, e-mail address or password is wrong. Try again, or reset your password."
)
OVERTAKEN = later(
    "Your password or two-factor authentication has just been changed. Sign in again."
)
SET_UP_AGAIN = later("Two-factor authentication is now off. Set it up on your new phone.")
DEAD_LINK = later("This link has expired or was already used. You can ask for a new one below.")
USED_LINK = later(
    "This link has expired or was already used. If you've just chosen a new password, sign in with "
    "it; if not, ask for a new link below."
)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign in, with a second step if the customer has turned it on."""
    if request.method != "POST" and current_user.is_authenticated:
        return redirect(url_for("account.overview"), 303)
    form = SignInForm()
    if form.is_submitted():
        zones.note_sent()
    if form.validate_on_submit():
        try:
            customer = service.authenticate(typed(form.identity), typed(form.password))
        except PasswordHeld as held:
            form.password.errors = [held_sentence(held)]
            page = make_response(render_template("auth/login.html", form=form), 429)
            page.headers["Retry-After"] = str(seconds_to_wait(held))
            return page
        if customer is not None:
            session.clear()  # what was kept here may be another customer's
            answer = twofactor.sign_in(
                customer, remember=form.remember.data, next_url=request.args.get("next")
            )
            if answer.status_code == 302:
                answer.status_code = 303  # as every form of the portal
            return answer
        form.password.errors = [_(WRONG)]
    return render_template("auth/login.html", form=form)


def login_again(sentence: str) -> ResponseReturnValue:
    """Show the sign-in page again, with what was entered except the password."""
    return render_template("auth/login.html", form=SignInForm(), notice=sentence), 400


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End this session and delete its record."""
    logout_user()
    sessions.sign_out()
    flash(_("You're signed out."), "success")
    return redirect(url_for("auth.login"), 303)


def logout_again(_sentence: str) -> ResponseReturnValue:
    """Ask for one more click, or say that nobody is signed in here."""
    if not current_user.is_authenticated:
        flash(_("You're signed out."), "success")
        return redirect(url_for("auth.login"), 303)
    return render_template("auth/logout.html"), 400


@blueprint.route("/forgot", methods=["GET", "POST"])
def forgot() -> ResponseReturnValue:
    """Ask for a reset link; the answer is the same for every address."""
    form = ForgotForm()
    if form.validate_on_submit():
        address = typed(form.email).strip()
        service.request_reset(address)
        return render_template("auth/forgot_sent.html", email=address)
    return render_template("auth/forgot.html", form=form)


def forgot_again(sentence: str) -> ResponseReturnValue:
    """Show the form for the mailed link again, with the typed address."""
    return render_template("auth/forgot.html", form=ForgotForm(), notice=sentence), 400


@blueprint.get("/reset/<token>")
def reset(token: str) -> ResponseReturnValue:
    """Open a mailed link and redirect to the form; the link no longer works elsewhere.

    A HEAD request, as from a link checker, does not open it.
    """
    if request.method != "HEAD" and not service.open_link(token):
        return _dead_link()
    return redirect(url_for("auth.choose"), 303)


@blueprint.route("/reset/choose", methods=["GET", "POST"])
@repeats.answered(service.CHANGED, "auth.login", lambda: service.opened_link() is None)
def choose() -> ResponseReturnValue:
    """Reset the password with an opened link; it signs nobody in and keeps the second factor."""
    link = service.opened_link()
    if link is None:
        service.forget_link()
        return _dead_link(USED_LINK if request.method == "POST" else DEAD_LINK)
    mark = opened_links.mark(link.customer.id)
    if opened_links.is_of_another(mark):
        return opened_links.shown_anew()
    form = ResetForm()
    proof = link.customer.reset_proof is not None
    if not proof:
        del form.former_password
    if form.validate_on_submit() and (not proof or _is_former(link.customer, form)):
        customer = link.customer
        try:
            check_choice(customer, typed(form.new_password))
        except PasswordRefused as refusal:
            form.new_password.errors = [worded(refusal)]
        else:
            reset = partial(service.reset_password, link, typed(form.new_password), proof)
            try:
                if twofactor.require("password", user=customer, recovery=reset):
                    flash(_(SET_UP_AGAIN), "warning")
                else:
                    reset()
            except service.LinkDead:
                return _dead_link(USED_LINK)
            repeats.note()
            return redirect(url_for("auth.login"), 303)
    return render_template("auth/reset.html", form=form, customer=link.customer, link=mark)


@blueprint.app_errorhandler(Overtaken)
def overtaken(_error: Overtaken) -> ResponseReturnValue:
    """End the session and redirect to the sign-in page: the credential was changed elsewhere."""
    if refused_forms.account_is_closed():
        return refused_forms.to_closed()
    sessions.lose_present()
    if wants_json():
        return jsonify(error="sign_in_required", message=_(OVERTAKEN)), 403
    flash(_(OVERTAKEN), "warning")
    return redirect(url_for("auth.login"), 303)


def _is_former(customer: Customer, form: ResetForm) -> bool:
    """Return whether the form has one of the passwords that were kept; if not, it says so."""
    try:
        if former.verify(customer, typed(form.former_password)):
            return True
        sentence = _(former.WRONG)
    except PasswordHeld as held:
        sentence = held_sentence(held)
    form.former_password.errors = [sentence]
    return False


def _dead_link(sentence: str = DEAD_LINK) -> ResponseReturnValue:
    flash(_(sentence), "error")
    return redirect(url_for("auth.forgot"), 303)


AGAIN = {"auth.login": login_again, "auth.logout": logout_again, "auth.forgot": forgot_again}
