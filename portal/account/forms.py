"""The forms of the security section."""

from typing import Any

from flask_login import current_user
from wtforms import Form, PasswordField, StringField, TextAreaField
from wtforms.validators import StopValidation, ValidationError

from portal.account.email_change.service import PRESENT_ADDRESS, check_links
from portal.account.password_attempts import held_sentence
from portal.account.service import verify_password
from portal.account.time_zones import TimeZoneField
from portal.extensions import twofactor
from portal.i18n.language import _, lazy, worded
from portal.rules.limits import ADDRESS_LENGTH, TEXT_LENGTH
from portal.rules.names import Refused, checked_email
from portal.rules.refusal import later
from portal.twofactor import PasswordHeld
from portal.validators import PortalForm, Rule, email_rules, required, same_as, text_rules

PRESENT = {"autocomplete": "current-password"}
NEW = {"autocomplete": "new-password"}


def own_password() -> Rule:
    """Return the rule that the field is the password of the signed-in customer.

    A check does not look at it, since nothing would count the wrong ones.
    """

    def rule(_form: Form, field: Any) -> None:
        if twofactor.checking():
            return
        if not field.data:
            raise StopValidation(_("Enter your current password."))
        try:
            right = verify_password(current_user._get_current_object(), field.data)
        except PasswordHeld as held:
            raise StopValidation(held_sentence(held)) from None
        if not right:
            raise StopValidation(_("Your current password is wrong. Enter it again."))

    return rule


def another_address(_form: Form, field: Any) -> None:
    """Check that the field is not the address of the signed-in customer."""
    if field.data and checked_email(field.data) == current_user.email:
        raise ValidationError(_(PRESENT_ADDRESS))


def links_left(_form: Form, _field: Any) -> None:
    """Check that the signed-in customer may ask for another link, before a code is asked."""
    try:
        check_links(current_user._get_current_object())
    except Refused as refusal:
        raise ValidationError(worded(refusal)) from None


class PasswordForm(PortalForm):
    """The form to change the password: the current one, and the new one twice."""

    current_password = PasswordField(lazy("Current password"), [own_password()], render_kw=PRESENT)
    new_password = PasswordField(
        lazy("New password"), [required(later("Enter a new password."))], render_kw=NEW
    )
    repeat_password = PasswordField(
        lazy("Repeat new password"),
        [required(later("Enter the new password again.")), same_as("new_password")],
        render_kw=NEW,
    )


class EmailForm(PortalForm):
    """The form to change the e-mail address: the current password and the new address."""

    current_password = PasswordField(lazy("Current password"), [own_password()], render_kw=PRESENT)
    email = StringField(
        lazy("New e-mail address"),
        [*email_rules(), another_address, links_left],
        render_kw={"autocomplete": "email"},
    )


class CloseForm(PortalForm):
    """The form to close the account, which can't be undone: the current password."""

    current_password = PasswordField(lazy("Current password"), [own_password()], render_kw=PRESENT)


class ProfileForm(PortalForm):
    """The form for the details that are printed on invoices."""

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
    time_zone = TimeZoneField(lazy("Time zone"))


class BrowserMailsForm(PortalForm):
    """The form to turn mails about new browsers on or off.

    The current password is asked only to turn them off, and only without a second factor.
    """

    current_password = PasswordField(lazy("Current password"), [own_password()], render_kw=PRESENT)


class SignOutForm(PortalForm):
    """The form to sign out devices; it has no field but the CSRF token."""
