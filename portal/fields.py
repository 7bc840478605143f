"""Rules for the fields of the portal's forms; each refusal is a sentence that names the way out."""

from collections.abc import Callable
from typing import Any

from flask_login import current_user
from wtforms import Form
from wtforms.validators import StopValidation, ValidationError

from portal.language import _, worded
from portal.passwords import check_password
from portal.rules import Refused, checked_email, has_control

Rule = Callable[[Form, Any], None]


def required(sentence: str) -> Rule:
    """The field holds something; a password may consist of spaces."""

    def rule(_form: Form, field: Any) -> None:
        text = field.data or ""
        if not (text if field.widget.input_type == "password" else text.strip()):
            raise StopValidation(_(sentence))

    return rule


def text_rules(limit: int, lines: bool = False) -> list[Rule]:
    """The field is a text of at most so many characters that can all be seen."""

    def rule(_form: Form, field: Any) -> None:
        text = field.data or ""
        if len(text) > limit:
            raise StopValidation(
                _(
                    "%(field)s: enter at most %(count)d characters.",
                    field=field.label.text,
                    count=limit,
                )
            )
        if has_control(text, lines):
            raise StopValidation(
                _("%(field)s: remove the invisible characters.", field=field.label.text)
            )

    return [rule]


def email_rules() -> list[Rule]:
    """The field is an e-mail address."""

    def rule(_form: Form, field: Any) -> None:
        try:
            checked_email(field.data or "")
        except Refused as refusal:
            raise ValidationError(worded(refusal)) from None

    return [rule]


def same_as(name: str) -> Rule:
    """The field repeats another one."""

    def rule(form: Form, field: Any) -> None:
        if form[name].data and field.data != form[name].data:
            raise ValidationError(_("The two new passwords are not the same. Type both again."))

    return rule


def own_password() -> Rule:
    """The field is the present password of the one who is signed in."""

    def rule(_form: Form, field: Any) -> None:
        if not field.data:
            raise StopValidation(_("Enter your current password."))
        if not check_password(field.data, current_user.password_hash):
            raise StopValidation(_("The current password is not right. Type it again."))

    return rule
