"""Error pages with a sentence and a way to go on; they need no database."""

import logging
from http import HTTPStatus
from typing import TypeGuard

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    InternalServerError,
    ServiceUnavailable,
    TooManyRequests,
)

from portal import sessions
from portal.i18n import language
from portal.i18n.language import _
from portal.rules.refusal import later
from portal.rules.support import support_of
from portal.security.retries import told_by
from portal.twofactor import wait as in_words

log = logging.getLogger(__name__)
SENTENCES = {
    400: later("Go back and try again."),
    403: later("Your account doesn't have access to this page."),
    404: later(
        "If you typed the address, check it. If you followed a link, the page may have moved."
    ),
    405: later("Go back and try again."),
    413: later("What you sent is too large. Shorten it and try again."),
    415: later("We can't open that kind of file."),
    429: later("Too many attempts. Wait a little and try again."),
    # The failure may come after the commit, so neither sentence says that nothing was done.
    500: later("Try again in a minute. Check first whether your last change was saved."),
    503: later("Try again in a minute. Check first whether your last change was saved."),
}
TITLES = {
    400: later("Sorry, we couldn't read that"),
    403: later("You can't open this page"),
    404: later("Page not found"),
    405: later("Sorry, that didn't work"),
    413: later("Sorry, that's too large"),
    429: later("Too many attempts"),
    500: later("Sorry, there's a problem"),
    503: later("Sorry, we're unavailable"),
}
UNKNOWN = SENTENCES[405]
HELD = later(
    "Too many failed attempts from your network. Try again %(wait)s, or use a browser you've "
    "signed in with before."
)
HELD_OR_CONTACT = later(
    "Too many failed attempts from your network. Try again %(wait)s, use a browser you've signed "
    "in with before, or contact us: %(support)s."
)
GONE = (OperationalError, InterfaceError, PoolTimeout)
# SQLSTATEs of PostgreSQL: it takes no writes; and the classes of those that psycopg takes for an
# OperationalError, such as a time limit. pg8000 has another error for them.
READ_ONLY = "25006"
OPERATIONAL = ("08", "40", "53", "54", "55", "57", "58")


def init_app(app: Flask) -> None:
    """Answer every error of the portal with a page, or with JSON if the client prefers it."""
    app.register_error_handler(HTTPException, show_http)
    for gone in (DBAPIError, PoolTimeout):
        app.register_error_handler(gone, show_database)


def wants_json() -> bool:
    """Return whether the client prefers JSON to a page."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"] or (
        request.is_json and not accepted.accept_html
    )


def show_http(error: HTTPException) -> ResponseReturnValue:
    """Return the page for an HTTP error; other HTTP exceptions pass unchanged.

    An error while a session is saved arrives here too, wrapped in a 500.
    """
    cause = getattr(error, "original_exception", None)
    if is_gone(cause):
        return show_database(cause)
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()
    language.ask_nothing()
    sentence = _(SENTENCES.get(error.code, UNKNOWN))
    wait = getattr(error, "retry_after", None)
    if isinstance(error, TooManyRequests) and isinstance(wait, int):
        contact = support_of(current_app.config).line
        sentence = _(HELD_OR_CONTACT if contact else HELD, wait=in_words(wait), support=contact)
    if error.code in (TooManyRequests.code, ServiceUnavailable.code):
        # The code that raised it may describe better what was not done.
        sentence = vars(error).get("description") or sentence
    return answer(error, _(TITLES.get(error.code, TITLES[405])), sentence)


def is_gone(error: object) -> TypeGuard[DBAPIError | PoolTimeout]:
    """Return whether the database is out of reach, or takes no writes, as a standby does."""
    if isinstance(error, GONE) or not isinstance(error, DBAPIError):
        return isinstance(error, GONE)
    states = [each for each in told_by(error) if isinstance(each, str)]
    return any(each == READ_ONLY or each.startswith(OPERATIONAL) for each in states)


def show_database(error: DBAPIError | PoolTimeout) -> ResponseReturnValue:
    """Return the page for an unreachable database, with status 503; raise any other error again."""
    if not is_gone(error):
        raise error
    log.error("database unavailable: %s", type(error).__name__)
    language.ask_nothing()
    return answer(ServiceUnavailable(), _(TITLES[503]), _(SENTENCES[503]))


def answer(
    error: HTTPException, title: str, sentence: str, code: str = "", target: str = ""
) -> ResponseReturnValue:
    """Return the error as JSON or a page, with its headers Allow and Retry-After.

    The button of the page leads to `target`, else to the overview.
    """
    status = error.code or InternalServerError.code
    if status == ServiceUnavailable.code:
        sessions.abandon()
    kept = [(key, value) for key, value in error.get_headers() if key in ("Allow", "Retry-After")]
    if wants_json():
        word = code or HTTPStatus(status).phrase.lower().replace(" ", "_")
        return jsonify(error=word, message=sentence), status, kept
    if isinstance(request.routing_exception, BadRequest):
        # The header `Host` is no name of a host, such as a..b, so the page could link to nothing.
        return Response(f"{title}. {sentence}\n", status, kept, mimetype="text/plain")
    page = render_template(
        "error.html", plain=True, title=title, sentence=sentence, status=status, target=target
    )
    return page, status, kept
