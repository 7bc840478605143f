"""Protection against forged requests: the token of a form, or what the browser says of the sender.

A token that is missing or stale stops no form that does no harm when it comes from our own page,
such as signing in or out. A request that another site sends is always refused there.
"""

import enum
from urllib.parse import urlsplit

from flask import current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from itsdangerous import BadData, URLSafeTimedSerializer
from wtforms import ValidationError

from portal.security.sealing import secret_keys

LONGEST_TOKEN = 512
SALT = "wtf-csrf-token"  # of Flask-WTF
# Forms that go on without a token when our own page sent them.
GOES_ON = frozenset(
    {
        "account.email_confirm",
        "auth.login",
        "auth.logout",
        "auth.forgot",
        "auth.choose",
        "switch.switch",
        "twofactor.passkey",
        "twofactor.sign_in_submit",
        "twofactor.start_over_submit",
    }
)


class Sender(enum.Enum):
    """The sender of a request, as far as the browser tells."""

    OURS = enum.auto()
    OTHER_SITE = enum.auto()
    UNKNOWN = enum.auto()


class Protection(CSRFProtect):
    """Flask-WTF's protection, which also believes `Sec-Fetch-Site` and `Origin`."""

    def protect(self, apply_exemptions: bool = False) -> None:
        """Check the token of an unsafe request.

        Raises:
            CSRFError: the token is missing or wrong, or another site sent the request.
        """
        if apply_exemptions and (not request.endpoint or self._is_exempt()):
            return
        if request.method not in current_app.config["WTF_CSRF_METHODS"]:
            return
        from_us = sender() is Sender.OURS
        try:
            _check(self._get_csrf_token())
        except ValidationError as error:
            if not (from_us and request.endpoint in GOES_ON) or blocks_cookies():
                raise CSRFError(str(error.args[0])) from None
        else:
            if request.is_secure and not from_us:
                raise CSRFError("Nothing says that our own page sent this.")
        g.csrf_valid = True


csrf = Protection()


def sender() -> Sender:
    """Return who sent this request, by Sec-Fetch-Site, else Origin, else Referer."""
    site = request.headers.get("Sec-Fetch-Site")
    if site in ("same-origin", "cross-site", "same-site"):
        return Sender.OURS if site == "same-origin" else Sender.OTHER_SITE
    told = request.headers.get("Origin") or request.headers.get("Referer")
    if not told:
        return Sender.UNKNOWN
    own = {_ours(), _origin(current_app.config["PUBLIC_URL"])}
    return Sender.OURS if _origin(told) in own - {None} else Sender.OTHER_SITE


def told() -> dict[str, str]:
    """Return what a refused form is judged by, for the log: addresses without path or query."""
    named = request.headers.get("Origin") or request.headers.get("Referer") or ""
    own = (_ours(), _origin(current_app.config["PUBLIC_URL"]))
    return {
        "sent_from": _shown(_origin(named)) or ("unknown" if named else ""),
        "fetch_site": request.headers.get("Sec-Fetch-Site", "")[:20],
        "ours": " ".join(sorted({_shown(each) for each in own})),
    }


def page_value() -> str | None:
    """Return the value that the posted token was made of, `None` if we have not signed it.

    It does not depend on the present session, so it tells which session the page was made in.
    """
    name = current_app.config["WTF_CSRF_FIELD_NAME"]
    headers = current_app.config["WTF_CSRF_HEADERS"]
    tokens = (request.form.get(name), *(request.headers.get(header) for header in headers))
    token = next((each for each in tokens if each), "")
    if not token or len(token) > LONGEST_TOKEN:
        return None
    for key in secret_keys(current_app.config):
        try:
            value = URLSafeTimedSerializer(key, salt=SALT).loads(token)
        except BadData:
            continue
        return value if isinstance(value, str) else None
    return None


def blocks_cookies() -> bool:
    """Return whether a page of ours was sent back by a browser that has none of our cookies."""
    return not request.cookies and page_value() is not None


def _check(token: str | None) -> None:
    """Check a token that was signed with SECRET_KEY or one of SECRET_KEY_FALLBACKS.

    Raises:
        ValidationError: as Flask-WTF says it of SECRET_KEY, which alone it knows.
    """
    newest, *others = secret_keys(current_app.config)
    try:
        validate_csrf(token, newest)
    except ValidationError:
        if not any(_passes(token, key) for key in others):
            raise


def _passes(token: str | None, key: str) -> bool:
    try:
        validate_csrf(token, key)
    except ValidationError:
        return False
    return True


def _ours() -> tuple[str, str, int | None] | None:
    """Return the origin of this request as browsers write it.

    `host_url` has the letters of an IDN, and fails at `xn--a`.
    """
    return _origin(f"{request.scheme}://{request.host}")


def _shown(origin: tuple[str, str, int | None] | None) -> str:
    return "" if origin is None else f"{origin[0]}://{origin[1][:253]}:{origin[2]}"


def _origin(address: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    if usual is None or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or usual
