"""A pending sign-in that ends without signing in: cancelled, expired, or after too many codes."""

from flask import flash
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.errors import CodeWrong, Refusal, SignInExpired
from ...i18n.language import _
from ...service import sign_in, tickets
from ...service.sign_in import Pending
from .. import navigation, responses, session_marks
from ..origin import csrf


def cancel() -> Response:
    """End the pending sign-in, and redirect to the host's sign-in page (POST)."""
    state, mark = current_state(), session_marks.get(tickets.SIGN_IN)
    next_url = session_marks.next_url()
    if mark is not None:
        sign_in.cancel(state.kit, mark)
        session_marks.renew(empty=True)
    message = _("You're not signed in.")

    def to_sign_in() -> Response:
        flash(message)
        return navigation.to_sign_in(next_url)

    return responses.either(
        to_sign_in,
        lambda: responses.as_json({"message": message, "csrf_token": csrf.token()}),
    )


def left(state: State, mark: str | None, refusal: Refusal, waiting: Pending | None) -> Pending:
    """Return the pending sign-in that a refusal has left.

    Args:
        state: of the application.
        mark: id of its ticket.
        refusal: the reason.
        waiting: the pending sign-in, `None` if it was not read yet, e.g. if the answer was
            malformed.

    Raises:
        CodeWrong, SignInExpired: the sign-in is over.
    """
    if isinstance(refusal, SignInExpired) or (isinstance(refusal, CodeWrong) and refusal.over):
        raise refusal
    return waiting or sign_in.pending(state.kit, mark)


def completed(state: State, mark: str | None) -> Response | None:
    """Answer a form that was sent twice at once; the cookie of the first answer decides.

    Returns:
        `None` if no other request has just completed this sign-in.
    """
    done = sign_in.completed(state.kit, mark)
    if done is None:
        return None
    session_marks.leave()
    target = navigation.after_sign_in(done[0])
    return responses.either(
        lambda: navigation.see_other(target),
        lambda: responses.as_json({"message": _("Signed in."), "next": target}),
    )


def start_over(state: State, refusal: Refusal) -> Response:
    """Redirect to the host's sign-in page, and keep where the person wanted to go."""
    next_url = session_marks.next_url()
    session_marks.drop(tickets.SIGN_IN)
    return responses.start_over(state, refusal, next_url)
