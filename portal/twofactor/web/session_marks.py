"""Marks in the session, which are opaque ids of tickets and decide nothing themselves."""

from flask import after_this_request, current_app, g, session
from werkzeug.wrappers import Response

from . import requests

_KEY = "_twofactor"
_NEWS = "_twofactor_news"
_RENEWAL = "_twofactor_renewal"


def _name(kind: str, area: str) -> str:
    return f"{kind}:{area}" if area else kind


def get(kind: str, area: str = "") -> str | None:
    """Return the id of this session's ticket of a kind, `None` if there is none."""
    marks = session.get(_KEY)
    mark = marks.get(_name(kind, area)) if isinstance(marks, dict) else None
    return mark if isinstance(mark, str) else None


def put(kind: str, ticket_id: str, area: str = "") -> None:
    """Store a ticket's id in the session."""
    marks = session.get(_KEY)
    session[_KEY] = (marks if isinstance(marks, dict) else {}) | {_name(kind, area): ticket_id}


def drop(kind: str, area: str = "") -> None:
    """Remove a ticket's id from the session."""
    marks = session.get(_KEY)
    if isinstance(marks, dict) and _name(kind, area) in marks:
        session[_KEY] = {name: mark for name, mark in marks.items() if name != _name(kind, area)}


def forget() -> None:
    """Remove all marks, e.g. when the person signs out."""
    session.pop(_KEY, None)


def say(news: str) -> None:
    """Keep a sentence for the next page of the blueprint (a host's page gets it by `flash`)."""
    session[_NEWS] = news


def news() -> str | None:
    """Return the sentence kept for this page, and remove it."""
    kept = session.pop(_NEWS, None)
    return kept if isinstance(kept, str) else None


def renew(*, empty: bool = False) -> None:
    """Give a session that is kept on the server a new id; with `empty`, remove its contents.

    It calls `regenerate`, as in Flask-Session. Forms in other tabs keep their CSRF token unless the
    session is emptied, as when another person may sign in. The answer to a program carries the
    token.
    """
    if empty:
        # Tokens made in this request become invalid, too.
        token = requests.csrf_field()
        session.pop(token, None)
        g.pop(token, None)
    regenerate = getattr(current_app.session_interface, "regenerate", None)
    if regenerate is not None:
        # Flask-Session keeps the id of an empty session, so it is emptied afterwards.
        session[_RENEWAL] = True
        regenerate(session)
        session.pop(_RENEWAL, None)
    if empty:
        session.clear()
    if requests.wants_json():
        after_this_request(_tell_token)


def _tell_token(response: Response) -> Response:
    response.headers[requests.csrf_headers()[0]] = requests.csrf_token()
    return response
