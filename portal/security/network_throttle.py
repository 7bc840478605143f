"""Failures of one network address over all accounts: what stops guessing across many of them.

Counted are wrong passwords, wrong codes and mailed links that were asked for, at most
`ADDRESS_FAILURES` an hour. It stands beside the throttle of each account, which is exact; this one
looks first and counts afterwards, so that parallel requests may exceed it by their own number. It
slows strangers down: who is signed in, or known in this browser, is not refused for what a
neighbour behind the same address did.
"""

import ipaddress
import logging
from collections.abc import Callable

from flask import Flask, current_app, has_request_context, request
from sqlalchemy import delete, insert, select
from werkzeug.exceptions import TooManyRequests

from portal.clock import now
from portal.extensions import db
from portal.models import AddressFailure as Row
from portal.twofactor import signals

HOUR = 60 * 60
log = logging.getLogger(__name__)


def init_app(app: Flask, is_spared: Callable[[], bool]) -> None:
    """Look before anything is judged, and count what was wrong.

    Args:
        app: the portal; the blueprint is mounted later, as it takes the code out of a form that it
            restores.
        is_spared: whether the sender of the request is not refused; asked at a held address alone.
    """

    def look() -> None:
        refuse_held(is_spared)

    app.before_request(look)
    signals.challenge_failed.connect(_challenge_failed, sender=app)


def refuse_held(is_spared: Callable[[], bool]) -> None:
    """Refuse a sign-in, or anything with a code, from an address with too many failures.

    The method does not matter: a code is judged with any.

    Raises:
        TooManyRequests: with the seconds to wait.
    """
    if not _judges():
        return
    until = held_until(_network())
    if until is not None and not is_spared():
        log.warning("address held after many failures", extra={"address": _network()})
        raise TooManyRequests(retry_after=max(1, until - now()))


def note() -> None:
    """Count a failure of the present request's address, and forget what is older than an hour."""
    if not current_app.config["ADDRESS_FAILURES"] or not has_request_context():
        return
    at, network = now(), _network()
    with db.engine.begin() as connection:
        old = delete(Row).where(Row.network == network, Row.at <= at - HOUR)
        connection.execute(old)
        connection.execute(insert(Row).values(network=network, at=at))


def held_until(network: str) -> int | None:
    """When the address is heard again (Unix seconds), `None` for at once."""
    most: int = current_app.config["ADDRESS_FAILURES"]
    if not most:
        return None
    latest = (
        select(Row.at)
        .where(Row.network == network, Row.at > now() - HOUR)
        .order_by(Row.at.desc())
        .offset(most - 1)
        .limit(1)
    )
    with db.engine.connect() as connection:
        oldest = connection.execute(latest).scalar()
    return None if oldest is None else oldest + HOUR


def _judges() -> bool:
    """Whether the request is one that a password or a code is judged in."""
    if "X-Twofactor-Code" in request.headers:
        return True
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    endpoint = request.endpoint or ""
    if endpoint in ("auth.login", "auth.forgot") or endpoint.startswith("twofactor."):
        return True
    return any(request.form.getlist("twofactor_code"))


def _network() -> str:
    """The address; of IPv6 the /64, since that much is given to a single customer."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _challenge_failed(_app: Flask, **_: object) -> None:
    note()
