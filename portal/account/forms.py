"""The forms of the security section."""

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField, TextAreaField

from portal.fields import email_rules, own_password, required, same_as, text_rules
from portal.language import lazy
from portal.models import ADDRESS_LENGTH, TEXT_LENGTH
from portal.twofactor.catalogue import later

PRESENT = {"autocomplete": "current-password"}
NEW = {"autocomplete": "new-password"}


class PasswordForm(FlaskForm):
    """The present password and a new one, twice."""

    current_password = PasswordField(lazy("Current password"), [own_password()], render_kw=PRESENT)
    new_password = PasswordField(
        lazy("New password"), [required(later("Enter a new password."))], render_kw=NEW
    )
    repeat_password = PasswordField(
        lazy("Repeat new password"),
        [required(later("Enter the new password again.")), same_as("new_password")],
        render_kw=NEW,
    )


class EmailForm(FlaskForm):
    """The present password and a new address."""

    current_password = PasswordField(lazy("Current password"), [own_password()], render_kw=PRESENT)
    email = StringField(
        lazy("New e-mail address"), email_rules(), render_kw={"autocomplete": "email"}
    )


class CloseForm(FlaskForm):
    """The present password: closing can't be undone."""

    current_password = PasswordField(lazy("Current password"), [own_password()], render_kw=PRESENT)


class ProfileForm(FlaskForm):
    """What stands on the invoices."""

    full_name = StringField(
        lazy("Name"), text_rules(TEXT_LENGTH), render_kw={"autocomplete": "name"}
    )
    company = StringField(
        lazy("Company"), text_rules(TEXT_LENGTH), render_kw={"autocomplete": "organization"}
    )
    address = TextAreaField(
        lazy("Address"),
        text_rules(ADDRESS_LENGTH, lines=True),
        render_kw={"autocomplete": "street-address", "rows": 4},
    )
    phone = StringField(
        lazy("Phone"), text_rules(TEXT_LENGTH), render_kw={"autocomplete": "tel", "type": "tel"}
    )


class SignOutForm(FlaskForm):
    """Only the token against forged requests."""
