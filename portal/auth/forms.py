"""The forms of signing in."""

from wtforms import BooleanField, PasswordField, StringField

from portal.i18n.language import lazy
from portal.rules.refusal import later
from portal.validators import PortalForm, email_rules, required, same_as, text_rules


class SignInForm(PortalForm):
    """The form to sign in: user name or e-mail address, and password."""

    identity = StringField(
        lazy("User name or e-mail address"),
        [required(later("Enter your user name or e-mail address.")), *text_rules(254)],
        render_kw={
            "autocomplete": "username webauthn",
            "autocapitalize": "none",
            "spellcheck": "false",
        },
    )
    password = PasswordField(
        lazy("Password"),
        [required(later("Enter your password."))],
        render_kw={"autocomplete": "current-password"},
    )
    remember = BooleanField(lazy("Keep me signed in"))


class ForgotForm(PortalForm):
    """The form to ask for a reset link: the e-mail address."""

    email = StringField(lazy("E-mail address"), email_rules(), render_kw={"autocomplete": "email"})


class ResetForm(PortalForm):
    """The form to reset the password: the new one, twice.

    After some undone changes it also asks for a former one; otherwise the page deletes that field.
    """

    former_password = PasswordField(
        lazy("Password you had before this change"),
        [required(later("Enter the password you had before this change."))],
        render_kw={"autocomplete": "current-password"},
    )
    new_password = PasswordField(
        lazy("New password"),
        [required(later("Enter a new password."))],
        render_kw={"autocomplete": "new-password"},
    )
    repeat_password = PasswordField(
        lazy("Repeat new password"),
        [required(later("Enter the new password again.")), same_as("new_password")],
        render_kw={"autocomplete": "new-password"},
    )
