"""`/metrics` for Prometheus; it exists only if METRICS_TOKEN is set, and requires that token."""

import hmac

from flask import Flask, Response, current_app, request

from portal.config import SettingError


def init_app(app: Flask) -> None:
    """Count events and add `/metrics` if METRICS_TOKEN is set.

    Raises:
        SettingError: `prometheus-client` is not installed.
    """
    if app.config["METRICS_TOKEN"] is None:
        return
    try:
        from portal.twofactor import metrics
    except ImportError:
        raise SettingError(
            "METRICS_TOKEN wants the package prometheus-client (the extra 'prometheus')."
        ) from None
    metrics.init_app(app)
    app.add_url_rule("/metrics", view_func=show, methods=["GET"])


def show() -> Response:
    """Return the metrics if the request has `Authorization: Bearer` with the token, else 401."""
    from portal.twofactor import metrics

    given = request.authorization
    token = (given.token if given is not None and given.type == "bearer" else None) or ""
    if not hmac.compare_digest(token.encode(), current_app.config["METRICS_TOKEN"].encode()):
        return Response("", 401, {"WWW-Authenticate": "Bearer"}, content_type="text/plain")
    text, content_type = metrics.exposition(current_app)
    return Response(text, content_type=content_type, headers={"Cache-Control": "no-store"})
