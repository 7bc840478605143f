"""Health checks for load balancers and monitoring."""

import logging

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.extensions import db, twofactor

blueprint = Blueprint("health", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Return 200 if the database answers, else 503."""
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return jsonify(status="unavailable", database="unreachable"), 503
    return jsonify(status="ok", database="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Return 200 if database, schema and keys are in order, else 503.

    The cause is written only to the log, since anybody may request this page.
    """
    checks = twofactor.ready()
    for check in checks:
        if not check.ok:
            log.warning("not ready", extra={"check": check.name, "cause": check.text})
    ready = all(check.ok for check in checks)
    body = {check.name: "ok" if check.ok else "failed" for check in checks}
    return jsonify(status="ready" if ready else "unavailable", **body), 200 if ready else 503
