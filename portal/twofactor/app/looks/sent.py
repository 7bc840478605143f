"""The Content-Security-Policy that a page is sent with, for `doctor`."""

import re
from http import HTTPStatus

from flask import Flask, url_for

from ..state import state_of

HEADER = "Content-Security-Policy"
_SCRIPT = re.compile(r"<script\b[^>]*twofactor\.js[^>]*>")
_NONCE = re.compile(r'nonce="([^"]+)"')
# Any of these lets a script of the application itself run.
_ALLOWED = {"'self'", "*", "https:", "http:"}


def check_page(app: Flask) -> tuple[bool, str]:
    """Ask the application for the page of help, which needs no user.

    Returns:
        Whether the page is shown and its script runs, and a sentence for `doctor`.
    """
    with app.test_request_context():
        path = url_for("twofactor.help")
    hosts = [name for name in app.config.get("TRUSTED_HOSTS") or () if not name.startswith(".")]
    party = state_of(app).kit.settings.relying_party
    host = app.config["SERVER_NAME"] or (party.id if party else next(iter(hosts), "localhost"))
    answer = app.test_client().get(path, base_url=f"https://{host}")
    if answer.status_code != HTTPStatus.OK:
        return False, f"{path} answers {answer.status}"
    policy = answer.headers.get(HEADER)
    if policy is None:
        return True, f"no {HEADER}"
    text = f"{HEADER}: {policy}"
    if script := _SCRIPT.search(answer.text):
        nonce = _NONCE.search(script[0])
        if not _runs(policy, nonce[1] if nonce else ""):
            return (
                False,
                f"{text}: it blocks our scripts; allow 'self' or pass csp_nonce to init_app",
            )
    return True, text


def _runs(policy: str, nonce: str) -> bool:
    """Return whether a script of the application with a nonce runs (CSP 3, section 6.1.10)."""
    found = [each.split() for each in policy.replace(",", ";").split(";") if each.split()]
    directives = {name.lower(): set(sources) for name, *sources in reversed(found)}
    for name in ("script-src-elem", "script-src", "default-src"):
        if name in directives:
            sources = directives[name]
            if f"'nonce-{nonce}'" in sources:
                return True
            return "'strict-dynamic'" not in sources and not sources.isdisjoint(_ALLOWED)
    return True
