"""Reminders after a sign-in: that two-factor authentication is off, or to add a passkey here."""

from flask import after_this_request, has_request_context, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from ...i18n.language import _
from .. import navigation, requests, responses, session_marks, subjects
from ..looks.rendering import render

_KIND = "recovered"
_ELSEWHERE = "elsewhere"
# Tells that this browser was offered a passkey. Each is asked once a year at most.
OFFERED = "twofactor_offered"
_YEAR = 365 * 86_400


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


def offer_passkey() -> None:
    """Let the next page offer a passkey for this device, since another one has answered."""
    if OFFERED not in request.cookies and not requests.wants_json():
        session_marks.put(_ELSEWHERE, "yes")


def twofactor_passkey_here() -> Markup:
    """Return the offer of a passkey for this device (a template global), once after a sign-in.

    It is empty on all other pages, and costs no SQL statement.
    """
    if not has_request_context() or session_marks.get(_ELSEWHERE) is None:
        return Markup("")
    session_marks.drop(_ELSEWHERE)

    @after_this_request
    def remember(response: Response) -> Response:
        subjects.send_cookie(response, OFFERED, "yes", _YEAR)
        return response

    is_get = request.method in ("GET", "HEAD")
    here = navigation.here() if is_get else url_for("twofactor.preferences")
    add = url_for("twofactor.authenticator_new", kind="passkey", next=here)
    # Rendered by Jinja with autoescape on: it is markup already.
    page = render("_passkey_here.html", add=add, here=here)
    return Markup(page)  # noqa: S704 - Jinja has escaped it


HELPERS = {
    "twofactor_passkey_here": twofactor_passkey_here,
    "twofactor_recovered": twofactor_recovered,
}
