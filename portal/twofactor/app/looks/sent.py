"""The Content-Security-Policy that a page is sent with, for `doctor`."""

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, url_for

from ..checks.startup import check
from ..state import state_of

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from .blocked import Part

HEADER = "Content-Security-Policy"
_NAMED = 3  # of what is blocked


def check_page(app: Flask) -> tuple[bool, str]:
    """Ask the application for the page of help, which needs no user.

    Returns:
        Whether the page is shown, and its scripts and style sheets are not blocked, the host's
        own in its layout included; and a sentence for `doctor`.

    Raises:
        SetupError: the page would fail, as tables are missing or the setup is wrong. Asking for it
            would print its traceback, and the answer does not say what is wrong.
    """
    from .blocked import blocked  # reads HTML, for `doctor` alone

    with app.test_request_context():
        check(app)
        state_of(app).first_use()
        page = urlsplit(url_for("twofactor.help"))  # with a host where that is another one
    hosts = [name for name in app.config.get("TRUSTED_HOSTS") or () if not name.startswith(".")]
    party = state_of(app).kit.settings.relying_party
    known = app.config["SERVER_NAME"] or (party.id if party else next(iter(hosts), "localhost"))
    address = f"https://{page.netloc or known}"
    answer = _answer(app, address, page.path)
    if answer.status_code != HTTPStatus.OK:
        return False, f"{page.path} answers {answer.status}"
    policy = ", ".join(answer.headers.getlist(HEADER))
    if not policy:
        return True, f"no {HEADER}"
    text = f"{HEADER}: {policy}"
    found = list(blocked(answer.text, policy, address + page.path))
    if any("/twofactor.js" in (part.address or "") for part in found):
        return False, f"{text}: it blocks our scripts; allow 'self' or pass csp_nonce to init_app"
    if found:
        advice = "allow that in your policy, or in TWOFACTOR_CSP where you send none"
        return False, f"{text}: it blocks {_named(found)}; {advice}"
    return True, text


def _answer(app: Flask, address: str, path: str) -> "TestResponse":
    """Return the answer at a path, of which a server in front takes APPLICATION_ROOT away.

    An application that takes it away itself, as with a `DispatcherMiddleware`, gets the whole path.
    """
    client, root = app.test_client(), f"/{app.config['APPLICATION_ROOT'].strip('/')}".rstrip("/")
    below = client.get(path.removeprefix(root), base_url=address + root)
    if root and below.status_code == HTTPStatus.NOT_FOUND:
        return client.get(path, base_url=address)
    return below


def _named(parts: "list[Part]") -> str:
    """Return what is blocked, in words."""
    names = list(dict.fromkeys(part.address or f"a {part.kind} within the page" for part in parts))
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
