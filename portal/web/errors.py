"""Error pages with a sentence and a way to go on; they need no database."""

import logging
from http import HTTPStatus

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    ServiceUnavailable,
    TooManyRequests,
)

from portal import sessions
from portal.i18n import language
from portal.i18n.language import _
from portal.rules.refusal import later
from portal.twofactor import wait as in_words

log = logging.getLogger(__name__)
SENTENCES = {
    400: later("The browser sent something that we could not read."),
    403: later("You are not allowed to see this."),
    404: later("There is no page at this address. It may have been moved, or mistyped."),
    405: later("This address can't be used in this way."),
    413: later("What you sent is too large. Shorten it and try again."),
    415: later("What you sent is of a kind that we can't read."),
    429: later("That was too much at once. Wait a little and try again."),
    # The failure may come after the commit, so neither sentence says that nothing was done.
    500: later(
        "Something went wrong on our side. Wait a minute, and look whether your last step was "
        "done before you repeat it."
    ),
    503: later(
        "The portal can't reach its database just now. Wait a minute, and look whether your last "
        "step was done before you repeat it."
    ),
}
TITLES = {
    400: later("This request can't be read"),
    403: later("No access"),
    404: later("Page not found"),
    405: later("That does not work here"),
    413: later("Too large"),
    429: later("Too many requests"),
    500: later("Something went wrong"),
    503: later("Out of service for a moment"),
}
UNKNOWN = later("That did not work.")
HELD = later(
    "Too many wrong passwords or codes came from your network. Try again %(wait)s, or use a "
    "browser that you have signed in with before."
)
GONE = (OperationalError, InterfaceError, PoolTimeout)


def init_app(app: Flask) -> None:
    """Answer every error of the portal with a page, or with JSON if the client prefers it."""
    app.register_error_handler(HTTPException, show_http)
    for gone in GONE:
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
    if isinstance(cause, GONE):
        return show_database(cause)
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()
    language.ask_nothing()
    sentence = _(SENTENCES.get(error.code, UNKNOWN))
    wait = getattr(error, "retry_after", None)
    if isinstance(error, TooManyRequests) and isinstance(wait, int):
        sentence = _(HELD, wait=in_words(wait))
    if error.code == ServiceUnavailable.code:
        # The code that raised it may describe better what was not done.
        sentence = vars(error).get("description") or sentence
    return answer(error, _(TITLES.get(error.code, TITLES[405])), sentence)


def show_database(error: DBAPIError | PoolTimeout) -> ResponseReturnValue:
    """Return the page for an unreachable database, with status 503."""
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
    page = render_template(
        "error.html", plain=True, title=title, sentence=sentence, status=status, target=target
    )
    return page, status, kept
