"""Marks in the session, which are opaque ids of tickets and decide nothing themselves."""

from typing import Any, cast

from flask import after_this_request, current_app, session
from flask.globals import request_ctx
from flask.sessions import NullSession, SecureCookieSession, SessionMixin
from werkzeug.wrappers import Response

from ..service import tickets
from . import requests
from .origin import csrf

_KEY = "_twofactor"
_NEWS = "_twofactor_news"
_SIGNAL = "_twofactor_signal"
_RENEWAL = "_twofactor_renewal"
_NEXT = "next"
_OF_FLASK_LOGIN = frozenset({"_user_id", "_fresh", "_id", "_remember", "_remember_seconds"})
_LONGEST_NEXT = 500


def _name(kind: str, area: str) -> str:
    return f"{kind}:{area}" if area else kind


def _session() -> SessionMixin:
    """Return the session itself; Flask's proxy looks it up at each access."""
    found: SessionMixin = session._get_current_object()  # type: ignore[attr-defined]  # a method of the proxy, which its type hides
    return found


def get(kind: str, area: str = "") -> str | None:
    """Return the id of this session's ticket of a kind, `None` if there is none."""
    name = _name(kind, area)
    marks = _session().get(_KEY)
    mark = marks.get(name) if isinstance(marks, dict) else None
    return mark if isinstance(mark, str) else None


def put(kind: str, ticket_id: str, area: str = "") -> None:
    """Store a ticket's id in the session."""
    name, here = _name(kind, area), _session()
    marks = here.get(_KEY)
    here[_KEY] = (marks if isinstance(marks, dict) else {}) | {name: ticket_id}


def open_views(ticket_id: str) -> None:
    """Store the id of a ticket that opens all "view" areas (`tickets.views`), unless empty."""
    if ticket_id:
        put(tickets.VIEW, ticket_id)


def keep_next(url: str | None) -> None:
    """Store the address to go to after a sign-in, in case its ticket expires first.

    A long one is left out, since all of a session may have to fit into a cookie.
    """
    if url and len(url) <= _LONGEST_NEXT:
        put(_NEXT, url)


def next_url() -> str | None:
    """Return the address that `keep_next` stored. It is checked when it is used."""
    return get(_NEXT)


def drop(kind: str, area: str = "") -> None:
    """Remove a ticket's id from the session."""
    gone = _name(kind, area)
    marks = session.get(_KEY)
    if isinstance(marks, dict) and gone in marks:
        session[_KEY] = {name: mark for name, mark in marks.items() if name != gone}


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


def leave_signal(facts: dict[str, Any] | None) -> None:
    """Keep what the next page tells the browser of its passkeys (`passkeys.facts.signal`)."""
    if facts:
        session[_SIGNAL] = facts


def signal() -> dict[str, Any] | None:
    """Return what this page tells the browser of its passkeys, and remove it."""
    kept = session.pop(_SIGNAL, None)
    return kept if isinstance(kept, dict) else None


HELPERS = {"twofactor_news": news, "twofactor_signal": signal}


def renew(*, empty: bool = False) -> None:
    """Give a session that is kept on the server a new id.

    With `empty`, what this package and Flask-Login keep in it is removed, and tokens end; what the
    host has put there stays.

    It calls `regenerate`, as in Flask-Session. Forms in other tabs keep their CSRF token unless the
    session is emptied, as when another person may sign in. The answer to a program carries the
    token.
    """
    if empty:
        csrf.renew()
    regenerate = getattr(current_app.session_interface, "regenerate", None)
    if regenerate is not None:
        # Flask-Session keeps the id of an empty session, so it is emptied afterwards.
        session[_RENEWAL] = True
        regenerate(session)
        session.pop(_RENEWAL, None)
    if empty:
        here = _session()
        for key in [key for key in here if _is_owned(key)]:
            here.pop(key, None)
    if requests.wants_json():
        after_this_request(_tell_token)


def _is_owned(key: str) -> bool:
    return key.startswith(_KEY) or key in _OF_FLASK_LOGIN


class _Unsaved(NullSession):
    """A session that can be read and changed, and is not saved."""

    __setitem__ = SecureCookieSession.__setitem__  # type: ignore[assignment]  # NullSession refuses changes
    __delitem__ = SecureCookieSession.__delitem__  # type: ignore[assignment]  # NullSession refuses changes
    clear = SecureCookieSession.clear  # type: ignore[assignment]  # NullSession refuses changes
    pop = SecureCookieSession.pop
    popitem = SecureCookieSession.popitem  # type: ignore[assignment]  # NullSession refuses changes
    update = SecureCookieSession.update  # type: ignore[assignment]  # NullSession refuses changes
    setdefault = SecureCookieSession.setdefault


def leave() -> None:
    """Leave the browser's session cookie alone in this answer.

    The same form was sent twice at once, and the other answer has a newer cookie. Neither a
    Set-Cookie of this answer nor the record of a session that has ended may take its place.
    """
    context = cast(Any, request_ctx)._get_current_object()
    # Flask 3.1.3 has made `session` a property.
    name = "_session" if hasattr(context, "_session") else "session"
    setattr(context, name, _Unsaved(dict(session)))


def _tell_token(response: Response) -> Response:
    response.headers[csrf.headers()[0]] = csrf.token()
    return response
