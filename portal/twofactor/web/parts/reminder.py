"""After a sign-in by recovery code: what reminds the person that there is no second factor now."""

from flask import has_request_context
from werkzeug.wrappers import Response

from ...i18n.language import _
from .. import navigation, requests, responses, session_marks

_KIND = "recovered"


def begin() -> None:
    """Remind in this session from now on."""
    session_marks.put(_KIND, "yes")


def end() -> None:
    """Remind no more."""
    session_marks.drop(_KIND)


def twofactor_recovered() -> bool:
    """Whether to remind (a template global): until a new device is set up or the person says no."""
    return has_request_context() and session_marks.get(_KIND) is not None


def submit() -> Response:
    """POST: the person says no."""
    end()
    values = requests.texts("next")
    target = navigation.inside(values[0]) if len(values) == 1 else None
    return responses.done(
        _("Two-factor authentication stays off. You can turn it on at any time."),
        target,
        state="off",
    )
