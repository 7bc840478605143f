"""A deed of a host that can be counted, whose code travels with the form.

It is the portal's change of the e-mail address without the challenge page before it, since that
area is exact.
"""

from typing import Any

from flask import Flask, redirect, render_template_string
from flask_login import current_user, login_required

from portal.account import service
from portal.account.forms import EmailForm
from portal.account.views import EMAIL_CHANGED
from portal.extensions import twofactor
from portal.i18n.language import worded
from portal.rules.names import Refused
from portal.validators import typed
from portal.web import repeats

COUNTED, AREA = "/counted", "password"
PAGE = """{% extends "layout.html" %}{% import "macros.html" as ui %}{% block content %}
<h1>Counted</h1>{{ ui.summary(form) }}<form method="post">{{ form.csrf_token }}
{{ ui.field(form.current_password) }}{{ ui.field(form.email, type="email") }}
{{ twofactor_dialog("password") }}<button>Save</button></form>{% endblock %}"""


def add(app: Flask) -> None:
    """Add the view to an application that has answered no request yet."""

    @app.route(COUNTED, methods=["GET", "POST"])
    @login_required
    @repeats.answered(EMAIL_CHANGED, "account.security")
    def counted() -> Any:
        form = EmailForm()
        if form.validate_on_submit():
            twofactor.require(AREA)
            try:
                service.change_email(current_user._get_current_object(), typed(form.email))
            except Refused as refusal:
                form.email.errors = [worded(refusal)]
            else:
                repeats.note()
                return redirect("/security/", 303)
        return render_template_string(PAGE, form=form)
