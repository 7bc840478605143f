"""`/metrics` for Prometheus; it exists only if METRICS_TOKEN is set, and requires that token."""

import hmac
import os
from pathlib import Path

import click
from flask import Flask, Response, current_app, request

from portal.config import SettingError


def init_app(app: Flask) -> None:
    """Count events and add `/metrics` if METRICS_TOKEN is set.

    A command counts nothing: each would leave files in PROMETHEUS_MULTIPROC_DIR that no worker's
    end removes.

    Raises:
        SettingError: `prometheus-client` is not installed, or the folder can't be made.
    """
    if app.config["METRICS_TOKEN"] is None or _is_command():
        return
    _make_folder()
    try:
        from portal.twofactor import metrics
    except ImportError:
        raise SettingError(
            "METRICS_TOKEN wants the package prometheus-client (the extra 'prometheus')."
        ) from None
    metrics.init_app(app)
    app.add_url_rule("/metrics", view_func=show, methods=["GET"])


def _is_command() -> bool:
    """Return whether a command of `flask` makes the application, but one that serves it."""
    context = click.get_current_context(silent=True)
    return context is not None and context.info_name != "run"


def _make_folder() -> None:
    """Make the folder of PROMETHEUS_MULTIPROC_DIR, and forget the setting if it is empty."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        try:
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(
                f"PROMETHEUS_MULTIPROC_DIR: {folder} can't be made: {error.strerror}."
            ) from None
    elif folder is not None:
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]  # prometheus-client takes it for a folder


def show() -> Response:
    """Return the metrics if the request has `Authorization: Bearer` with the token, else 401."""
    from portal.twofactor import metrics

    given = request.authorization
    token = (given.token if given is not None and given.type == "bearer" else None) or ""
    if not hmac.compare_digest(token.encode(), current_app.config["METRICS_TOKEN"].encode()):
        return Response("", 401, {"WWW-Authenticate": "Bearer"}, content_type="text/plain")
    text, content_type = metrics.exposition(current_app)
    return Response(text, content_type=content_type, headers={"Cache-Control": "no-store"})
