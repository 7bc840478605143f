"""Limits of a request: they hold before any of it is parsed."""

from typing import Any

from flask import Flask, abort, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge

LONGEST_BODY = 16 * 1024  # of the portal's own forms, bytes
MOST_FIELDS = 500  # in a form, wherever it is sent

_FORM = "application/x-www-form-urlencoded"
_SMALL = ("auth.", "account.", "switch.")
_BLUEPRINT = "twofactor."  # bounds itself, as other hosts need that, too


def init_app(app: Flask) -> None:
    """Bound each request before anything else looks at it."""
    app.url_value_preprocessor(bound_request)


def bound_request(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Limit the body of the portal's pages, and the number of fields of every form.

    Raises:
        RequestEntityTooLarge: more bytes or more fields than a form of ours has.
    """
    endpoint = endpoint or ""
    if endpoint.startswith(_SMALL):
        limits = (request.max_content_length, request.max_form_memory_size)
        request.max_content_length, request.max_form_memory_size = (
            min(LONGEST_BODY, LONGEST_BODY if limit is None else limit) for limit in limits
        )
    if request.mimetype == _FORM and not endpoint.startswith(_BLUEPRINT):
        body = request.get_data(cache=True, parse_form_data=False)
        if body.count(b"&") >= MOST_FIELDS:
            raise RequestEntityTooLarge


def json_fields() -> ImmutableMultiDict[str, str]:
    """Return the fields of a form that was sent as a JSON object of texts.

    `true` is a ticked box; `false` and `null` are not sent at all. Anything else ends in a 400.
    """
    try:
        body = request.get_json()
    except RecursionError:  # nested deeper than Python's stack
        abort(400)
    if not isinstance(body, dict):
        abort(400)
    fields: list[tuple[str, str]] = []
    for name, value in body.items():
        if value is True:
            fields.append((name, "y"))
        elif isinstance(value, str) and _is_unicode(value):
            fields.append((name, value))
        elif value is not None and value is not False:
            abort(400)
    return ImmutableMultiDict(fields)


def _is_unicode(text: str) -> bool:
    """Whether a page can show it: JSON can hold half of a pair of surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
