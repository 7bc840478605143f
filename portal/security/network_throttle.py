"""The throttle of a network address across all accounts, against guessing at many of them.

It counts wrong passwords, wrong codes and requests for reset links, at most `ADDRESS_FAILURES` an
hour. Each account has an exact throttle as well. This one checks first and counts afterwards, so
parallel requests may exceed the limit by their number. It does not refuse people who are signed in
or use a known browser, since others may share their address.

Signing in with a passkey alone is no guess, so it goes ahead at a held address. Its challenges are
limited instead: OPTIONS_A_MINUTE for each address.
"""

import ipaddress
import logging
from collections.abc import Callable

from flask import Flask, current_app, has_request_context, request
from sqlalchemy import Connection, delete, func, insert, select
from werkzeug.exceptions import TooManyRequests

from portal.clock import now
from portal.extensions import db, twofactor
from portal.i18n.language import _
from portal.models import AddressFailure as Row
from portal.rules.refusal import later
from portal.security.retries import written
from portal.twofactor import signals

MINUTE, HOUR = 60, 60 * 60
OPTIONS_A_MINUTE = 60
OPTIONS = "passkey "  # before the network in the rows of asked challenges
PASSWORD_INSTEAD = later("Too many attempts. Wait a minute, or sign in with your password.")
log = logging.getLogger(__name__)


def init_app(app: Flask, is_spared: Callable[[], bool]) -> None:
    """Refuse requests from held addresses before each view, and count wrong codes.

    Args:
        app: the portal. Mount the blueprint later, as it removes the code from a form it restores.
        is_spared: returns whether to let a request through; called only at a held address.
    """

    def look() -> None:
        refuse_held(is_spared)
        if request.endpoint == "twofactor.passkey" and twofactor.signs_in_alone():
            count_options()

    app.before_request(look)
    signals.challenge_failed.connect(_challenge_failed, sender=app)


def refuse_held(is_spared: Callable[[], bool]) -> None:
    """Refuse a sign-in, or a request with a code, from an address with too many failures.

    A request with a code in its header is refused with any method.

    Raises:
        TooManyRequests: the address is held; `retry_after` has the seconds to wait.
    """
    if not _judges():
        return
    until = held_until(_network())
    if until is not None and not is_spared():
        log.warning("address held after many failures", extra={"address": _network()})
        raise TooManyRequests(retry_after=max(1, until - now()))


def note() -> None:
    """Count a failure of this request's address, and delete its failures older than an hour."""
    if not current_app.config["ADDRESS_FAILURES"] or not has_request_context():
        return
    at, network = now(), _network()

    def work(connection: Connection) -> None:
        connection.execute(delete(Row).where(Row.network == network, Row.at <= at - HOUR))
        connection.execute(insert(Row).values(network=network, at=at))

    written(work)


def count_options() -> None:
    """Count a challenge for a sign-in with a passkey alone, and delete the older ones.

    Raises:
        TooManyRequests: this address has asked for too many within a minute.
    """
    if not current_app.config["ADDRESS_FAILURES"]:
        return
    at, network = now(), OPTIONS + _network()
    mine = Row.network == network

    def work(connection: Connection) -> bool:
        connection.execute(delete(Row).where(mine, Row.at <= at - MINUTE))
        count = connection.scalar(select(func.count()).where(mine)) or 0
        if count < OPTIONS_A_MINUTE:
            connection.execute(insert(Row).values(network=network, at=at))
        return count < OPTIONS_A_MINUTE

    if written(work):
        return
    log.warning("too many challenges asked", extra={"address": _network()})
    raise TooManyRequests(_(PASSWORD_INSTEAD), retry_after=MINUTE)


def held_until(network: str) -> int | None:
    """Return the end of the hold in Unix seconds, or `None` if the address is not held."""
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
    """Return whether the request makes us check a password or a code, or mail a link."""
    if "X-Twofactor-Code" in request.headers:
        return True
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    endpoint = request.endpoint or ""
    if endpoint in ("auth.login", "auth.forgot") or endpoint.startswith("twofactor."):
        return True
    return _sent("twofactor_code") or _sent("former_password")


def _sent(name: str) -> bool:
    """Return whether the form, or an object of JSON in its place, has a value for this field."""
    if not request.is_json:
        return any(request.form.getlist(name))
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # no view reads it either
        return False
    return isinstance(body, dict) and bool(body.get(name))


def _network() -> str:
    """Return the address; for IPv6 its /64 network, the usual size for a single customer.

    A socket for both versions gives IPv4 addresses as ::ffff:192.0.2.1, all of one /64 network.
    """
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _challenge_failed(_app: Flask, **_: object) -> None:
    note()
