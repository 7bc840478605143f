"""The help page. It is open to everybody, since nothing of an account is on it."""

from werkzeug.wrappers import Response

from ...app.state import current_state
from .. import responses


def show() -> Response:
    """Explain two-factor authentication, and say whom to turn to (GET)."""
    return responses.form("help.html", support_line=current_state().kit.settings.support)
