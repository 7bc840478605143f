"""Limits of a request, checked before it is parsed."""

from typing import Any

from flask import Flask, abort, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge

LONGEST_BODY = 16 * 1024  # of the portal's own forms, in bytes
MOST_FIELDS = 500  # of any form

_FORM = "application/x-www-form-urlencoded"
_SMALL = ("auth.", "account.", "switch.")
# They have their own limits, since other hosts need them too.
_BLUEPRINTS = ("twofactor.", "twofactor_help_desk.")


def init_app(app: Flask) -> None:
    """Limit each request before anything else reads it."""
    app.url_value_preprocessor(bound_request)


def bound_request(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Limit the body of requests to the portal's pages, and the number of fields of any form.

    Raises:
        RequestEntityTooLarge: the body is too large, or has more than MOST_FIELDS fields.
    """
    endpoint = endpoint or ""
    if endpoint.startswith(_SMALL):
        limits = (request.max_content_length, request.max_form_memory_size)
        request.max_content_length, request.max_form_memory_size = (
            min(LONGEST_BODY, LONGEST_BODY if limit is None else limit) for limit in limits
        )
    if request.mimetype == _FORM and not endpoint.startswith(_BLUEPRINTS):
        body = request.get_data(cache=True, parse_form_data=False)
        if body.count(b"&") >= MOST_FIELDS:
            raise RequestEntityTooLarge


def json_fields() -> ImmutableMultiDict[str, str]:
    """Return the fields of a form that was sent as a JSON object of texts.

    `true` is a ticked box; `false` and `null` leave the field out. Anything else is a 400.
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
    """Return whether the text is valid Unicode; JSON can contain a lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
