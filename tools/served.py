"""The app that `make run` and `make dev` serve; it logs a line for each response.

The line has the route without its values, since the token of a reset link is a secret.
"""

import logging

from flask import Response, request

from wsgi import app

log = logging.getLogger("portal.requests")
# The log lines of Flask's own server, which `make dev` uses, contain full addresses.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


@app.after_request
def write_line(response: Response) -> Response:
    """Log method, route and status."""
    route = request.url_rule.rule if request.url_rule else "(no page of the portal)"
    log.info("%s %s %d", request.method, route, response.status_code)
    return response


__all__ = ["app"]
