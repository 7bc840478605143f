"""An open "view" area, and the way to its pages and downloads.

A browser keeps the present page while a file is downloaded. Without a page of its own that would
be the challenge, with a form that has had its code.
"""

import mimetypes
from typing import Any
from urllib.parse import unquote, urlsplit

from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from ...app.state import State
from ...core.areas import Area
from ...core.policy import Verdict
from ...service import tickets
from .. import navigation, requests, responses, session_marks
from ..challenge import no_store
from . import glances

_PAGES = frozenset({"text/html", "application/xhtml+xml"})


def is_open(state: State, area: Area, user: Any, user_id: str) -> bool:
    """Return whether a "view" area is open; without a statement where the session has no mark."""
    mark = session_marks.get(tickets.VIEW, area.key) or session_marks.get(tickets.VIEW)
    if not mark or tickets.is_over(mark, state.kit.clock()):
        return False
    return glances.verdict_on(state, area, user, user_id, "GET") is Verdict.OPEN


def is_just_open(state: State, user_id: str, area: Area) -> bool:
    """Return whether the user has opened a "view" area a moment ago, in any session."""
    now = state.kit.clock()
    since = now - tickets.MOMENT + state.kit.settings.view_seconds
    opened = state.kit.store.tickets(user_id, tickets.VIEW, now)
    return any(each.area == area.key and each.expires_at > since for each in opened)


def is_file(target: str) -> bool:
    """Return whether the name at the end of an address is that of a file and not of a page."""
    kind, packed = mimetypes.guess_type(unquote(urlsplit(target).path))
    return packed is not None or (kind is not None and kind not in _PAGES)


def lead_on(target: str) -> Response:
    """Redirect to a page that may be seen; show a page that starts the download of a file."""
    if not is_file(target):
        return navigation.see_other(target)
    # A list in the same area will do, which is open now.
    back = navigation.came_from("", target, requests.asked("back"))
    back = back or navigation.after_sign_in(None)
    response = no_store(responses.page("download.html", target=target, back=back))
    # A header needs no script, and no element in the head of the host's template.
    response.headers["Refresh"] = f"0; url={iri_to_uri(target)}"
    return response
