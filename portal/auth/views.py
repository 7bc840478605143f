"""The pages of signing in."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from portal import sessions
from portal.account.service import check_choice
from portal.auth import service
from portal.auth.forms import ForgotForm, ResetForm, SignInForm
from portal.extensions import twofactor
from portal.language import _, worded
from portal.password_attempts import held_sentence, seconds_to_wait
from portal.passwords import PasswordRefused
from portal.twofactor import PasswordHeld
from portal.twofactor.catalogue import later

blueprint = Blueprint("auth", __name__)
WRONG = later("User name, e-mail address or password is not right. Check them and try again.")
DEAD_LINK = later("This link was used already or has expired. Ask for a new one here.")


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign in, with the second step where the customer has chosen it."""
    if request.method != "POST" and current_user.is_authenticated:
        return redirect(url_for("account.overview"), 303)
    form = SignInForm()
    if form.validate_on_submit():
        try:
            customer = service.authenticate(form.identity.data, form.password.data)
        except PasswordHeld as held:
            form.password.errors = [held_sentence(held)]
            page = make_response(render_template("auth/login.html", form=form), 429)
            page.headers["Retry-After"] = str(seconds_to_wait(held))
            return page
        if customer is not None:
            return twofactor.sign_in(
                customer, remember=form.remember.data, next_url=request.args.get("next")
            )
        form.password.errors = [_(WRONG)]
    return render_template("auth/login.html", form=form)


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End this session, here and on the server."""
    logout_user()
    sessions.end_present()
    flash(_("You have signed out."), "success")
    return redirect(url_for("auth.login"), 303)


@blueprint.route("/forgot", methods=["GET", "POST"])
def forgot() -> ResponseReturnValue:
    """Ask for a link; the answer is the same for every address."""
    form = ForgotForm()
    if form.validate_on_submit():
        service.request_reset(form.email.data.strip())
        return render_template("auth/forgot_sent.html", email=form.email.data.strip())
    return render_template("auth/forgot.html", form=form)


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    """Replace the password by a mailed link; this signs nobody in and keeps the second factor."""
    customer = service.customer_of(token)
    if customer is None:
        flash(_(DEAD_LINK), "error")
        return redirect(url_for("auth.forgot"), 303)
    form = ResetForm()
    if form.validate_on_submit():
        try:
            check_choice(customer, form.new_password.data)
        except PasswordRefused as refusal:
            form.new_password.errors = [worded(refusal)]
        else:
            twofactor.require("password", user=customer)
            if service.reset_password(token, customer, form.new_password.data):
                return redirect(url_for("auth.login"), 303)
            flash(_(DEAD_LINK), "error")
            return redirect(url_for("auth.forgot"), 303)
    return render_template("auth/reset.html", form=form, customer=customer)
