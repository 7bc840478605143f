"""Trust the proxies of PROXY_COUNT for address, scheme and host, and for PROXY_PREFIX."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "HTTP_X_FORWARDED_PREFIX"
# One or more segments; two slashes at the start would make the path another host.
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100}){1,10}/?")


def init_app(app: Flask) -> None:
    """Trust PROXY_COUNT proxies, and their X-Forwarded-Prefix if PROXY_PREFIX is set."""
    hops = app.config["PROXY_COUNT"]
    if not hops:
        return
    prefixes = hops if app.config["PROXY_PREFIX"] else 0
    fixed = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=prefixes)
    application: Any = app  # Flask documents this assignment; its types see a method
    application.wsgi_app = PlainPrefix(fixed)


class PlainPrefix:
    """WSGI middleware that drops a forwarded prefix unless it is a plain path; all links use it.

    Args:
        app: the wrapped WSGI application.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        given: Any = environ.get(PREFIX)
        if given and not all(_is_plain(part) for part in given[:2048].split(",")):
            del environ[PREFIX]
        return self._app(environ, start_response)


def _is_plain(part: str) -> bool:
    part = part.strip()
    return not part or _PATH.fullmatch(part) is not None
