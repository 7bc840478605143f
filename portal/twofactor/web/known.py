"""The cookie of a known browser; what it means, the server's record alone says."""

from flask import after_this_request
from werkzeug.wrappers import Response

from ..state import State
from . import subjects


def keep(state: State, user_id: str, known_id: str) -> None:
    """Send a browser the id by which it is known, if there is one to send.

    Out of scripts' reach, and not to other sites, whatever the view answers.

    Args:
        state: of the application.
        user_id: whose code was right.
        known_id: as `service.known_browsers.note` returns it.
    """
    if not known_id:
        return
    seconds = state.kit.settings.known_seconds

    @after_this_request
    def send(response: Response) -> Response:
        subjects.send_cookie(response, subjects.known_cookie(user_id), known_id, seconds)
        return response
