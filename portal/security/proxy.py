"""Trust a proxy in front for address, scheme and host, and for the prefix if it is asked to."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "HTTP_X_FORWARDED_PREFIX"
# One or more segments; never the two slashes that make another host of a path.
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100}){1,10}/?")


def init_app(app: Flask) -> None:
    """Trust as many proxies as PROXY_COUNT says, and their prefix where PROXY_PREFIX says so."""
    hops = app.config["PROXY_COUNT"]
    if not hops:
        return
    prefixes = hops if app.config["PROXY_PREFIX"] else 0
    fixed = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=prefixes)
    app.wsgi_app = PlainPrefix(fixed)  # type: ignore[method-assign]  # Flask documents this assignment; mypy sees a method


class PlainPrefix:
    """Drops a forwarded prefix that is no plain path: it would become the head of every link.

    Args:
        app: what is called next.
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
