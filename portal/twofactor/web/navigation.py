"""Addresses to redirect to; only pages of this application are allowed."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from flask import current_app, redirect, request, url_for
from flask_login import login_url
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from ..app.checks.passwords import again_view
from ..app.checks.views import guards
from ..app.state import current_state
from ..core import bounds
from ..core.errors import SetupError
from . import session_marks
from .requests import this_request

# Characters that a path may hold as they are (RFC 3986 section 3.3).
_IN_PATHS = "/:@!$&'()*+,;=~"
# Cancel never leads to these pages of the blueprint.
_NO_WAY_BACK = frozenset({"twofactor.challenge", "twofactor.sign_in"})
# Leads a person on who opens the address of a form; nothing else leads there.
_NO_PAGE = "twofactor_help_desk.back"


def here() -> str:
    """Return path and query of this request; never the address of another host."""
    query = this_request().query_string.decode("ascii", "replace")
    return here_without_query() + (f"?{query}" if query else "")


def here_without_query() -> str:
    """Return the path of this request, as browsers write it."""
    sent = this_request()
    path = sent.root_path.rstrip("/") + sent.path
    return "/" + quote(path, _IN_PATHS).lstrip("/")


def inside(url: str | None, method: str = "GET") -> str | None:
    """Return the URL if it is a path of this application with a route, otherwise `None`.

    Args:
        url: the address; only its path and query are allowed.
        method: method that the route must have.
    """
    return url if _endpoint(url, method) is not None else None


def _endpoint(url: str | None, method: str = "GET") -> str | None:
    """Return the endpoint of a path of this application, "" if its route redirects."""
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
    sent = this_request()
    root, path = sent.root_path.rstrip("/"), unquote(parts.path)
    if parts.scheme or parts.netloc or not path.startswith(f"{root}/"):
        return None
    if method == sent.method and path == root + sent.path and sent.endpoint is not None:
        return sent.endpoint  # this request has its route already
    try:
        adapter = current_app.create_url_adapter(sent)
        if adapter is None:
            return None
        endpoint, _values = adapter.match(path[len(root) :], method=method)
    except RequestRedirect:
        return ""
    except HTTPException:
        return None
    return None if endpoint == _NO_PAGE else str(endpoint)


def came_from(area: str, target: str, carried: str = "") -> str | None:
    """Return the page to which Cancel leads, `None` if there is none.

    That is the page from which the person came, unless it asks for the same code.

    Args:
        area: key of the area that asks for a code.
        target: the guarded address.
        carried: the page found at the first challenge of several. It comes with the request, so it
            is checked again.
    """
    for url in (carried, _referrer()):
        endpoint = _endpoint(url)
        if not url or not endpoint or endpoint in _NO_WAY_BACK:
            continue
        if urlsplit(url).path in (urlsplit(target).path, urlsplit(sign_in_url()).path):
            continue
        if area not in guards(current_app.view_functions[endpoint]):
            return url
    return None


def _referrer() -> str | None:
    """Return path and query of the `Referer`, `None` if it is another site's."""
    if not request.referrer:
        return None
    try:
        parts = urlsplit(request.referrer)
    except ValueError:
        return None
    if parts.netloc != request.host:
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def keep_link(
    kind: str, opened: Callable[[], str | None], page: str, over: Callable[[], Response]
) -> Response:
    """Keep a mailed link in this session and redirect, so that its token leaves the address bar.

    A HEAD request, as from a link checker, keeps nothing. Nor does a link that is over: the page of
    another one may be open in a second tab.

    Args:
        kind: of the mark in the session.
        opened: returns the id to keep, `None` if the link was used, has expired or is none.
        page: endpoint of the page that goes on.
        over: returns the page that says that the link is over.
    """
    mark = None if request.method == "HEAD" else opened()
    if mark is not None:
        session_marks.put(kind, mark)
    is_over = mark is None and request.method != "HEAD"
    response = over() if is_over else see_other(url_for(page))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def after_sign_in(next_url: str | None) -> str:
    """Return `next_url` if it is inside the application, otherwise TWOFACTOR_AFTER_SIGN_IN."""
    wanted = inside(next_url)
    if wanted is not None:
        return wanted
    fallback = current_state().kit.settings.after_sign_in
    if fallback.startswith("/"):
        return request.root_path.rstrip("/") + fallback
    return url_for(fallback)


def see_other(url: str) -> Response:
    """Return a redirect that is followed with GET after any method (RFC 9110 section 15.4.4)."""
    return redirect(url, 303)


def to_what_is_there(endpoint: str) -> Response:
    """Redirect a form that was sent twice at once to the page that shows what the first one did.

    The session stays as the first answer leaves it.
    """
    return to_another(url_for(endpoint))


def to_another(url: str) -> Response:
    """Redirect, and leave the session as another answer leaves it."""
    session_marks.leave()
    return see_other(url)


def sign_in_url(next_url: str | None = None) -> str:
    """Return the host's `login_view`, or TWOFACTOR_AFTER_SIGN_IN if it has none.

    Args:
        next_url: address to go to after signing in, in the query as Flask-Login writes it; left
            out if it is not inside the application.
    """
    view: str | None = getattr(current_app, "login_manager").login_view  # noqa: B009 - Flask-Login sets it
    if not view:
        return after_sign_in(None)
    if inside(next_url):
        return str(login_url(view, next_url))
    # Flask-Login accepts an address as well as an endpoint.
    is_address = view.startswith(("/", "https://", "http://"))
    return view if is_address else url_for(view)


def asking_again(user: Any, back: str) -> str | None:
    """Return the address where the host asks a user without a password again.

    Args:
        user: the signed-in user.
        back: the page to return to, for the query.

    Returns:
        `None` for a user who has a password.

    Raises:
        SetupError: the host's function does not return an address of this application.
    """
    host = current_state().host
    if host.sign_in_seconds is not None:
        view = again_view()
        if view is None:
            raise SetupError("reauthenticate as a number needs a login_view")
        return str(login_url(view, back))
    page = host.reauthenticate(user) if host.reauthenticate else None
    if page is None:
        return None
    if not isinstance(page, str) or inside(page) is None or "#" in page:
        raise SetupError(
            "reauthenticate must return the path of a page of this application that answers GET,"
            f" or None for a user with a password, not {type(page).__name__}"
        )
    return f"{page}{'&' if '?' in page else '?'}{urlencode({'next': back})}"


def to_sign_in(next_url: str | None = None) -> Response:
    """Redirect to the host's sign-in page; `next_url` as in `sign_in_url`."""
    return see_other(sign_in_url(next_url))
