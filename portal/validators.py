"""Rules for the fields of the portal's forms; each error message says how to correct the field."""

from collections.abc import Callable
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import Form, StringField
from wtforms.validators import StopValidation, ValidationError

from portal.i18n.language import _, worded
from portal.rules.names import Refused, checked_email, has_control
from portal.web import kept_forms
from portal.web.request_limits import json_fields

Rule = Callable[[Form, Any], None]


class PortalForm(FlaskForm):
    """A form of the portal. JSON must be a flat object of texts; anything else is a 400."""

    class Meta(FlaskForm.Meta):
        """The reader of the submitted fields."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Return the fields of a JSON request; Flask-WTF reads all other requests."""
            if request.is_json and form.is_submitted():
                return json_fields()
            if not form.is_submitted() and (kept := kept_forms.fields()) is not None:
                return kept
            return super().wrap_formdata(form, formdata)


def typed(field: StringField) -> str:
    """Return the text of a field, or an empty text if it was not sent."""
    return field.data or ""


def required(sentence: str) -> Rule:
    """Return the rule that the field is not empty; a password may consist of spaces."""

    def rule(_form: Form, field: Any) -> None:
        text = typed(field)
        if not (text if field.widget.input_type == "password" else text.strip()):
            raise StopValidation(_(sentence))

    return rule


def text_rules(limit: int, lines: bool = False) -> list[Rule]:
    """Return the rules for a text of at most `limit` characters, all of them visible."""

    def rule(_form: Form, field: Any) -> None:
        text = typed(field)
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
                _(
                    "%(field)s: delete it and type it again (it has a character we can't read).",
                    field=field.label.text,
                )
            )

    return [rule]


def email_rules() -> list[Rule]:
    """Return the rules for an e-mail address."""

    def rule(_form: Form, field: Any) -> None:
        try:
            checked_email(typed(field))
        except Refused as refusal:
            raise StopValidation(worded(refusal)) from None

    return [rule]


def same_as(name: str) -> Rule:
    """Return the rule that the field repeats the field `name`."""

    def rule(form: Form, field: Any) -> None:
        if form[name].data and field.data != form[name].data:
            raise ValidationError(_("The passwords don't match. Enter them again."))

    return rule
