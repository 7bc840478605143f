"""A deed of a host that can be counted, whose code travels with the form.

It changes the e-mail address at once and mails its owner; an address that is taken brings the form
back. The portal's own change is exact, and counts only once it is confirmed.
"""

from typing import Any

from flask import Flask, redirect, render_template_string
from flask_login import current_user, login_required
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from portal.account.credentials import Overtaken, stands_on
from portal.account.forms import EmailForm
from portal.extensions import db, twofactor
from portal.mail import notices, outbox
from portal.models import Customer
from portal.rules.email_addresses import email_key
from portal.security import undo_links
from portal.security.database import rows_hit
from portal.security.retries import done_again
from portal.validators import typed
from portal.web import repeats

COUNTED, AREA = "/counted", "password"
CHANGED = "Your e-mail address is changed."
PAGE = """{% extends "layout.html" %}{% import "macros.html" as ui %}{% block content %}
<h1>Counted</h1>{{ ui.summary(form) }}<form method="post">{{ form.csrf_token }}
{{ ui.field(form.current_password) }}{{ ui.field(form.email, type="email") }}
{{ twofactor_dialog("password") }}<button>Save</button></form>{% endblock %}"""


def add(app: Flask) -> None:
    """Add the view to an application that has answered no request yet."""

    @app.route(COUNTED, methods=["GET", "POST"])
    @login_required
    @repeats.answered(CHANGED, "account.security")
    def counted() -> Any:
        form = EmailForm()
        if form.validate_on_submit():
            twofactor.require(AREA)
            if change(current_user._get_current_object(), typed(form.email)):
                repeats.note()
                return redirect("/security/", 303)
            form.email.errors = ["Taken."]
        return render_template_string(PAGE, form=form)


def change(customer: Customer, email: str) -> bool:
    """Change the address and mail the old one; return False if another customer has it."""
    old = customer.email
    before = (customer.id, old, customer.password_hash)

    def work() -> bool:
        own = update(Customer).where(Customer.id == customer.id, Customer.email == old)
        new = own.where(stands_on(customer)).values(email=email, email_key=email_key(email))
        try:
            done = rows_hit(db.session.execute(new))
        except IntegrityError:
            db.session.rollback()
            return False
        if done != 1:
            db.session.rollback()
            raise Overtaken
        undo = undo_links.offer(db.session(), "email", before)
        notices.email_changed(db.session(), customer, old, email, undo)
        db.session.commit()
        return True

    changed = done_again(work)
    outbox.hand_over()
    return changed
