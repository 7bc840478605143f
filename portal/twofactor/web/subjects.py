"""The person of a request: the `Subject`, which is only made here, and the cookies of browsers."""

import hashlib
import ipaddress
from typing import Any

from flask import after_this_request, current_app, session
from flask_login import current_user
from werkzeug.wrappers import Response

from ..app.state import State
from ..core import bounds, policy
from ..core.errors import SetupError, SignInExpired
from ..core.records import Device, Protection, Subject
from ..service import known_browsers, sign_in, tickets
from ..storage.host_session import read_anew
from . import sentences, session_marks
from .passkeys import facts
from .requests import this_request, wants_json

KNOWN_COOKIE = "twofactor_known"


def subject(state: State, user: Any = None) -> Subject:
    """Return the user of this request with address, credential and id of the known browser.

    Args:
        state: of the application.
        user: the user who acts; default the signed-in user.
    """
    user = current_user if user is None else user
    return sender(state.host.user_key(user), state.host.credential_of(user))


def sender(user_id: str, credential: str) -> Subject:
    """Return the same for a user whose key and credential were read already."""
    known = known_id(known_tag(user_id))
    return Subject(user_id, address(), credential, known, keeps=_keeps_cookies())


def _keeps_cookies() -> bool:
    """Return whether the client of this request has a session already, or is a person's browser.

    A program that names its user in each request (HTTP authentication, a token) gets no cookie.
    """
    return bool(session) or not wants_json()


def pending(state: State) -> sign_in.Pending | None:
    """Return this session's pending sign-in, `None` if there is none."""
    try:
        return sign_in.pending(state.kit, session_marks.get(tickets.SIGN_IN))
    except SignInExpired:
        return None


def user_of(state: State, pending: sign_in.Pending) -> Any:
    """Return the host's user of a pending sign-in.

    Raises:
        SignInExpired: the host no longer knows the user, or the password was changed since.
        SetupError: the host has no `user_loader`.
    """
    loader: Any = getattr(current_app, "login_manager")._user_callback  # noqa: B009 - set by Flask-Login
    if loader is None:
        raise SetupError("nobody can be signed in: write a @login_manager.user_loader")
    user = loader(pending.login_id)
    if user is None:
        raise SignInExpired("user gone")
    if state.host.credential_of(user) != pending.credential:
        raise SignInExpired("another credential")
    return user


def protection_of(state: State, user: Any) -> Protection | None:
    """Return the protection of the user of this request, see `TwoFactor.protection_of`."""
    who = subject(state, user)
    account = known_browsers.beside(state.kit, who)
    areas = state.areas_asked(user, account)
    if account is None or areas is None:
        return None
    return Protection(
        areas,
        known_browsers.hold(who, account, state.kit.clock()),
        tuple(
            Device(
                sentences.authenticator(each.name),
                each.created_at,
                each.last_used_at,
                told["passkey"],
                told.get("usable", True),
            )
            for each, told in facts.told(state, account)
        ),
        account.recovery_hash is not None,
        account.recovery_since,
        tuple(key for key in areas if state.kit.areas.demand(key, account.only)),
        policy.check_up(account, state.kit.clock()),
    )


def subject_anew(state: State) -> Subject:
    """Return the subject of the signed-in user, read again if the host has a credential.

    The host may have changed the credential together with the second factor.
    """
    user = current_user._get_current_object()
    if state.host.credential is not None:
        read_anew(user)
    return subject(state, user)


def address() -> str | None:
    """Return the client's network address, cut off, since a proxy may forward any text."""
    text = (this_request().remote_addr or "")[: bounds.ADDRESS]
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return text if text and text.isascii() and text.isprintable() else None


def known_id(tag: str | None) -> str:
    """Return the id in this browser's cookie of known browsers, empty if there is none.

    Args:
        tag: of the user, see `known_tag`; `None` if the user is unknown.
    """
    value = this_request().cookies.get(_known_cookie(tag), "") if tag else ""
    return value if bounds.fits(KNOWN_COOKIE, value) else ""


def known_tag(user_id: str) -> str:
    """Return a user's part of the cookie name, so that several users can share a browser."""
    text = user_id.encode("utf-8", "surrogatepass")
    return hashlib.sha256(b"known browser " + text).hexdigest()[:12]


def known_cookie(user_id: str) -> str:
    """Return the name of a user's cookie of known browsers."""
    return _known_cookie(known_tag(user_id))


def _known_cookie(tag: str) -> str:
    name = f"{KNOWN_COOKIE}_{tag}"
    return f"__Host-{name}" if is_secure() else name


def send_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    """Set a cookie that scripts can't read and other sites don't get (RFC 6265 section 4.1.2).

    Args:
        response: carries the cookie.
        name: with the prefix `__Host-` if cookies are sent over TLS only.
        value: an opaque id.
        seconds: how long the browser keeps it.
    """
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=is_secure(),
        httponly=True,
        samesite="Lax",
    )


def is_secure() -> bool:
    """Return whether cookies of this application are sent over TLS only."""
    return this_request().is_secure or bool(current_app.config.get("SESSION_COOKIE_SECURE"))


def keep_known(state: State, user_id: str, known_id: str) -> None:
    """Set the cookie of a known browser on this request's response, unless the id is empty.

    Scripts can't read it and other sites don't get it. It is set whatever the view answers.

    Args:
        state: of the application.
        user_id: key of the user whose code was right.
        known_id: as `service.known_browsers.note` returns it.
    """
    if not known_id:
        return
    seconds = state.kit.settings.known_seconds

    @after_this_request
    def send(response: Response) -> Response:
        send_cookie(response, known_cookie(user_id), known_id, seconds)
        return response
