"""The pages of the shop."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required, logout_user

from .extensions import db, twofactor
from .models import Order, user_of_email

LARGE = 100

pages = Blueprint("pages", __name__)


@pages.get("/")
def home() -> ResponseReturnValue:
    """Show the home page; nobody has to sign in."""
    return render_template("home.html")


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Sign in, with a second step if the user has turned on that area."""
    if request.method == "POST":
        user = user_of_email(request.form.get("email", ""))
        if user is not None and user.password_is(request.form.get("password", "")):
            return twofactor.sign_in(
                user, remember="remember" in request.form, next_url=request.args.get("next")
            )
        flash("Your e-mail address or password is wrong. Try again.")
    return render_template("sign_in.html")


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out."""
    logout_user()
    return redirect(url_for("pages.home"), 303)


@pages.get("/orders")
@login_required
@twofactor.required("orders")
def orders() -> ResponseReturnValue:
    """List the orders; a "view" area, so it asks for a code once in five minutes."""
    return render_template("orders.html")


@pages.route("/buy", methods=["GET", "POST"])
@login_required
def buy() -> ResponseReturnValue:
    """Place an order; the view itself asks for a code if the amount is above LARGE."""
    if request.method == "POST":
        amount = request.form.get("amount", 0, type=int)
        if amount < 1:
            flash("Enter a whole number of euros.")
            return render_template("buy.html"), 400
        if amount > LARGE:
            # Before any write, since a code is checked on another connection.
            twofactor.require("payment", summary=f"{amount} EUR")
        db.session.add(Order(user_id=current_user.id, amount=amount))
        db.session.commit()
        flash("Thank you for your order.")
        return redirect(url_for("pages.home"), 303)
    return render_template("buy.html")


@pages.route("/card", methods=["GET", "POST"])
@login_required
@twofactor.required("card", check=True)
def card() -> ResponseReturnValue:
    """Change the card; a mandatory area, so users without a second factor set it up first.

    The dialog has the form looked at before it asks for a code.
    """
    if request.method == "POST":
        digits = request.form.get("card", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) == 4):
            flash("Enter the last four digits of your card.")
            return render_template("card.html"), 400
        if twofactor.checking():
            return "", 204
        current_user.card = digits
        db.session.commit()
        flash("Your card is changed.")
        return redirect(url_for("pages.home"), 303)
    return render_template("card.html")
