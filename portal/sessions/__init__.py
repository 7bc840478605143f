"""Server-side sessions: the cookie holds a token, the table `portal_session` the rest.

A view that signs in or ends sessions must commit its own work first, as SQLite lets only one
connection write at a time. Signing in always creates a new record and a new token. `interface`
opens and saves sessions.
"""

from dataclasses import replace
from typing import Any, cast

from flask import Flask, current_app, has_request_context, session
from flask.sessions import SessionMixin
from sqlalchemy.sql.dml import Delete

from portal.clock import now
from portal.sessions import records
from portal.sessions.interface import STAMP, ServerSession, ServerSessionInterface, forget, lose
from portal.sessions.records import Record


def init_app(app: Flask) -> None:
    """Store the sessions of the app in its database."""
    app.session_interface = ServerSessionInterface()


def begin(version: int, remember: bool) -> None:
    """Begin a new session, with a new token, for the customer who has just signed in.

    Args:
        version: the version of the credential that let the customer in.
        remember: whether the session continues after the browser closes.
    """
    here = _present()
    if here is not None:
        forget(here)
        here.permanent = remember
        here[STAMP] = version


def stamp_of(customer_id: int) -> int | None:
    """Return the credential version of the customer's present session, if it is theirs."""
    here = _present()
    return here.stamp if here is not None and here.customer_id == customer_id else None


def leave() -> None:
    """Leave the present session, whose credential has changed.

    Its record stays until it expires. The request that changes the credential renews it a moment
    later, and must find it.
    """
    here = _present()
    if here is not None:
        lose(here, goes_on=True)


def goes_on(customer_id: int, version: int) -> None:
    """Keep the present session, if it is the customer's, at the new credential version."""
    here = _present()
    if here is not None and here.customer_id == customer_id:
        here[STAMP] = version
        renew()


def end_others(customer_id: int, version: int) -> int:
    """End all other sessions of the customer; return the number of those that were live."""
    here = _present()
    live = sum(not is_present(record) for record in sessions_of(customer_id, version))
    records.remove_of(customer_id, spare=here.record if here is not None else None)
    return live


def ending_others(customer_id: int) -> Delete:
    """Return the statement of `end_others`, to run in a larger transaction."""
    here = _present()
    return records.removing(customer_id, spare=here.record if here is not None else None)


def end_all(customer_id: int) -> int:
    """End all sessions of the customer, including the current one."""
    here = _present()
    if here is not None and here.customer_id == customer_id:
        end_present()
    return records.remove_of(customer_id)


def end_one(customer_id: int, number: int) -> bool:
    """End one session; return False if the customer has none with this number."""
    return records.remove_number(customer_id, number)


def end_present() -> None:
    """End the session of this request."""
    cast(ServerSessionInterface, current_app.session_interface).end(session)


def sign_out() -> None:
    """End the session of this request and delete its cookie, also if the session had ended."""
    end_present()
    here = _present()
    if here is not None:
        here.left = True


def has_ended() -> bool:
    """Return whether this request came with the session of somebody who is signed out by now."""
    here = _present()
    return here is not None and here.lost


def lose_present() -> None:
    """Leave the session of this request, and send no session cookie: there may be a newer one.

    The record stays: it is of an older credential, unless the same form, sent twice, renews it now.
    """
    here = _present()
    if here is not None:
        lose(here)


def abandon() -> None:
    """Do not save this session, so the request does not wait for the database a second time."""
    here = _here()
    if isinstance(here, ServerSession):
        here.abandoned = True


def renew() -> None:
    """Give the session of this request a new token."""
    here = _present()
    if here is not None:
        cast(ServerSessionInterface, current_app.session_interface).regenerate(here)


def seconds_left() -> tuple[int, int] | None:
    """Return the seconds until the present session ends, `None` if nobody is signed in.

    The first number holds as long as nothing is sent; no request extends the second one.
    """
    here = _present()
    if here is None or here.record is None:
        return None
    kind = "_PERSISTENT" if here.record.persistent else ""
    config, record, at = current_app.config, here.record, now()
    longest = config["SESSION_PERSISTENT_SECONDS" if kind else "SESSION_ABSOLUTE_SECONDS"]
    idle = record.last_seen_at + config[f"SESSION{kind}_IDLE_SECONDS"] - at
    return idle, record.created_at + longest - at


def touch() -> None:
    """Extend the present session from now on."""
    here = _present()
    if here is not None and here.record is not None and records.touch(here.record, now()):
        here.record = replace(here.record, last_seen_at=now())


def sessions_of(customer_id: int, version: int) -> list[Record]:
    """Return the live sessions of the customer, most recently used first."""
    return records.live_of(customer_id, version, now())


def is_present(record: Record) -> bool:
    """Return whether the record belongs to the session of this request."""
    here = _present()
    return here is not None and here.record is not None and here.record.id == record.id


def _present() -> ServerSession | None:
    if not has_request_context():
        return None
    here = cast(ServerSession, _here())
    here.read()
    return here


def _here() -> SessionMixin:
    """Return the session behind Flask's proxy; the proxy is typed as the session itself."""
    found: SessionMixin = cast(Any, session)._get_current_object()
    return found
