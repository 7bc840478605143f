"""After a sign-in by recovery code: what reminds the person that there is no second factor now."""

from flask import has_request_context
from werkzeug.wrappers import Response

from ..language import _
from . import forms, marks, navigation, pages

_KIND = "recovered"


def begin() -> None:
    """Remind in this session from now on."""
    marks.put(_KIND, "yes")


def end() -> None:
    """Remind no more."""
    marks.drop(_KIND)


def twofactor_recovered() -> bool:
    """Whether to remind (a template global): until a new device is set up or the person says no."""
    return has_request_context() and marks.get(_KIND) is not None


def submit() -> Response:
    """POST: the person says no."""
    end()
    values = forms.texts("next")
    target = navigation.inside(values[0]) if len(values) == 1 else None
    return pages.done(
        _("Two-factor authentication stays off. You can turn it on at any time."),
        target,
        state="off",
    )
