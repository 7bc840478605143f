"""The reminder after a sign-in by recovery code, that there is no second factor now."""

from flask import has_request_context
from werkzeug.wrappers import Response

from ...i18n.language import _
from .. import navigation, requests, responses, session_marks

_KIND = "recovered"


def begin() -> None:
    """Start the reminder in this session."""
    session_marks.put(_KIND, "yes")


def end() -> None:
    """End the reminder."""
    session_marks.drop(_KIND)


def twofactor_recovered() -> bool:
    """Return whether to remind (a template global), until a device is set up or it is declined."""
    return has_request_context() and session_marks.get(_KIND) is not None


def submit() -> Response:
    """End the reminder, since the person declines (POST)."""
    end()
    values = requests.texts("next")
    target = navigation.inside(values[0]) if len(values) == 1 else None
    return responses.done(
        _("Two-factor authentication stays off. You can turn it on at any time."),
        target,
        state="off",
    )
