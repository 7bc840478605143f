"""The security headers and Cache-Control of every response."""

from flask import Flask, Response, current_app, request

POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: over TLS the CSRF check needs the address of our own page.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# It replaces the blueprint's own, which it contains.
PERMISSIONS = (
    "camera=(), geolocation=(), microphone=(), payment=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self), usb=()"
)
STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"
STATIC = ("static", "twofactor.static")


def init_app(app: Flask) -> None:
    """Add the headers to every response, including errors."""
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Add the headers that the view has not set; only static files may be cached.

    These come without what browsers heed at documents and downloads alone: a page has ten.
    """
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    is_file = request.endpoint in STATIC and response.status_code < 400
    if is_file:
        response.headers.remove("Content-Disposition")
    else:
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers["Permissions-Policy"] = PERMISSIONS
    if current_app.config["SERVED_OVER_TLS"]:
        response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
    if not is_file:
        response.headers["Cache-Control"] = "no-store"
    return response
