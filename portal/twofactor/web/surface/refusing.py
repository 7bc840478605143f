"""Refusals are answered where they are raised, ahead of handlers that catch everything.

A blueprint's `errorhandler(Exception)`, or an extension such as Flask-RESTful, would make a 500 of
the question for a code.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, request

from ...core.errors import Refusal, TwoFactorError, Unavailable
from .. import challenge, requests


def answer_first(app: Flask) -> None:
    """Answer refusals of views, and of functions that run before them."""

    def wrapped(inner: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(inner)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return inner(*args, **kwargs)
            except (Refusal, Unavailable) as error:
                return _answer(app, error)

        return call

    # Flask has no hook for this; the methods are replaced on this one application.
    app.dispatch_request = wrapped(app.dispatch_request)  # type: ignore[method-assign]  # mypy sees a method
    app.preprocess_request = wrapped(app.preprocess_request)  # type: ignore[method-assign]  # the same


def _answer(app: Flask, error: Refusal | Unavailable) -> Any:
    """Return the answer of the host's own handler of our exceptions, or ours."""
    requests.refuse_bad_host()
    for scope in (*request.blueprints, None):
        handlers = app.error_handler_spec.get(scope, {}).get(None, {})
        for kind in type(error).__mro__:
            if issubclass(kind, TwoFactorError) and kind in handlers:
                return app.ensure_sync(handlers[kind])(error)
    return challenge.answer(error) if isinstance(error, Refusal) else challenge.unavailable(error)
