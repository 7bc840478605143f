"""Who does something in this request: the one place that makes a `Subject`."""

import hashlib
import ipaddress
from typing import Any

from flask import current_app, request
from flask_login import current_user

from ..core import bounds
from ..core.records import Subject
from ..state import State

KNOWN_COOKIE = "twofactor_known"


def subject(state: State, user: Any = None) -> Subject:
    """Return the user of this request, from where, and what of the browser is bound to them.

    Args:
        state: of the application.
        user: whose deed it is, if not the signed-in user's.
    """
    user = current_user if user is None else user
    user_id = state.user_key(user)
    return Subject(user_id, address(), state.credential_of(user), known_id(user_id))


def address() -> str | None:
    """Return the client's network address, bounded: a proxy may have forwarded anything."""
    text = (request.remote_addr or "")[: bounds.ADDRESS]
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return text if text and text.isascii() and text.isprintable() else None


def known_id(user_id: str) -> str:
    """Return the id in this browser's cookie of known browsers, empty where there is none."""
    value = request.cookies.get(known_cookie(user_id), "")
    return value if bounds.fits(KNOWN_COOKIE, value) else ""


def known_cookie(user_id: str) -> str:
    """Return the cookie's name: one a user, so that people who share a browser keep theirs."""
    tag = hashlib.sha256(b"known browser " + user_id.encode("utf-8", "surrogatepass")).hexdigest()
    name = f"{KNOWN_COOKIE}_{tag[:12]}"
    return f"__Host-{name}" if is_secure() else name


def is_secure() -> bool:
    """Return whether cookies of this application go over TLS alone."""
    return request.is_secure or bool(current_app.config.get("SESSION_COOKIE_SECURE"))
