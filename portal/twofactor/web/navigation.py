"""Addresses to redirect to; only pages of this application are allowed."""

from urllib.parse import urlsplit

from flask import current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from ..app.state import current_state
from ..core import bounds
from . import session_marks


def here() -> str:
    """Return path and query of this request; never the address of another host."""
    query = request.query_string.decode("ascii", "replace")
    path = request.root_path.rstrip("/") + request.path
    return "/" + path.lstrip("/") + (f"?{query}" if query else "")


def inside(url: str | None) -> str | None:
    """Return the URL if it is a path of this application with a GET route, otherwise `None`."""
    if not url or not bounds.fits("next", url):
        return None
    if not url.startswith("/") or url.startswith("//"):
        return None
    # Browsers read a backslash as a slash, and skip control characters.
    if "\\" in url or any(ord(character) <= 32 or ord(character) == 127 for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    root = request.root_path.rstrip("/")
    if parts.scheme or parts.netloc or not parts.path.startswith(f"{root}/"):
        return None
    try:
        adapter = current_app.create_url_adapter(request)
        if adapter is None:
            return None
        adapter.match(parts.path[len(root) :], method="GET")
    except RequestRedirect:
        return url
    except HTTPException:
        return None
    return url


def after_sign_in(next_url: str | None) -> str:
    """Return `next_url` if it is inside the application, otherwise TWOFACTOR_AFTER_SIGN_IN."""
    fallback = current_state().kit.settings.after_sign_in
    if fallback.startswith("/"):
        fallback = request.root_path.rstrip("/") + fallback
    else:
        fallback = url_for(fallback)
    return inside(next_url) or fallback


def see_other(url: str) -> Response:
    """Return a redirect that is followed with GET after any method (RFC 9110 section 15.4.4)."""
    return redirect(url, 303)


def to_what_is_there(endpoint: str) -> Response:
    """Redirect a form that was sent twice at once to the page that shows what the first one did.

    The session stays as the first answer leaves it.
    """
    session_marks.leave()
    return see_other(url_for(endpoint))


def sign_in_url() -> str:
    """Return the host's `login_view`, or TWOFACTOR_AFTER_SIGN_IN if it has none."""
    view: str | None = getattr(current_app, "login_manager").login_view  # noqa: B009 - Flask-Login sets it
    if not view:
        return after_sign_in(None)
    # Flask-Login accepts an address as well as an endpoint.
    is_address = view.startswith(("/", "https://", "http://"))
    return view if is_address else url_for(view)


def to_sign_in() -> Response:
    """Redirect to the host's sign-in page."""
    return see_other(sign_in_url())
