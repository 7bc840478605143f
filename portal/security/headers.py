"""The security headers of every response, and what may be kept in a cache."""

from flask import Flask, Response, current_app, request

POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: over TLS the check against forged requests needs the address of our own page.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"
STATIC = ("static", "twofactor.static")


def init_app(app: Flask) -> None:
    """Put the headers on every response, errors included."""
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """A header that a view has set stays; nothing but static files may be stored."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["SERVED_OVER_TLS"]:
        response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
    if request.endpoint not in STATIC or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response
