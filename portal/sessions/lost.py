"""Requests whose session is no longer valid; their answers send no session cookie.

The CSRF token of their forms is made from the token that they came with. What they have to say goes
into a short-lived cookie, for the next page of whichever session the browser has then.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, request
from flask.json.tag import TaggedJSONSerializer

from portal.security.sealing import NEWS, seal, secret_keys, unseal

SECONDS = 60
LONGEST = 4096
serializer = TaggedJSONSerializer()


def first_content(config: Mapping[str, Any], token: str) -> dict[str, Any]:
    """Return the content of a lost session: the value of its forms' CSRF token."""
    key, text = config["SECRET_KEY"].encode(), token.encode("utf-8", "surrogatepass")
    value = hmac.new(key, b"csrf of a lost session " + text, hashlib.sha256).hexdigest()
    return {config.get("WTF_CSRF_FIELD_NAME", "csrf_token"): value}


def news(config: Mapping[str, Any]) -> list[Any]:
    """Return the sentences that a request with a lost session has left for the next page."""
    sealed = request.cookies.get(_name(config), "")
    if not sealed or len(sealed) > LONGEST:
        return []
    text = unseal(NEWS, sealed, *secret_keys(config))
    return list(serializer.loads(text)) if text is not None else []


def tell(app: Flask, response: Response, sentences: list[Any], told: list[Any]) -> None:
    """Send the sentences of a lost session in their own cookie; delete it once they are shown.

    Args:
        app: the portal.
        response: the answer of this request.
        sentences: what is still to be shown.
        told: what the request has brought.
    """
    name, settings = _name(app.config), cookie_settings(app.config)
    if sentences and sentences != told:
        sealed = seal(app.config["SECRET_KEY"], NEWS, serializer.dumps(sentences))
        response.set_cookie(name, sealed, max_age=SECONDS, **settings)
    elif told and not sentences:
        response.delete_cookie(name, **settings)


def cookie_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of the session cookie."""
    return {
        "path": config["SESSION_COOKIE_PATH"],
        "secure": config["SESSION_COOKIE_SECURE"],
        "httponly": config["SESSION_COOKIE_HTTPONLY"],
        "samesite": config["SESSION_COOKIE_SAMESITE"],
    }


def _name(config: Mapping[str, Any]) -> str:
    return "__Host-portal_news" if config["SESSION_COOKIE_SECURE"] else "portal_news"
