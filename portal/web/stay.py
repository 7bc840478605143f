"""The time that is left of a session, and the dialog that extends it (`static/stay.js`)."""

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal import sessions

blueprint = Blueprint("stay", __name__)
blueprint.add_app_template_global(sessions.seconds_left, "session_seconds_left")


@blueprint.get("/session")
def look() -> ResponseReturnValue:
    """Return the seconds that are left as JSON; asking does not extend the session."""
    answer = _left()
    sessions.abandon()
    return answer


@blueprint.get("/session/dialog")
def dialog() -> ResponseReturnValue:
    """Return the dialog for a page; asking for it does not extend the session."""
    left = sessions.seconds_left() if current_user.is_authenticated else None
    part = render_template("stay.html", left=left or (0, 0))
    sessions.abandon()
    return part


@blueprint.post("/session")
def stay() -> ResponseReturnValue:
    """Extend the session as far as its longest duration allows, and return what is left."""
    if current_user.is_authenticated:
        sessions.touch()
    return _left()


def _left() -> ResponseReturnValue:
    left = sessions.seconds_left() if current_user.is_authenticated else None
    idle, end = left or (0, 0)
    return jsonify(signed_in=left is not None, idle=idle, end=end)
