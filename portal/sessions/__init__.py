"""Sessions: who is signed in has a record, the cookie is its token and the table holds the rest.

A view that signs in or ends sessions commits its own work first, as SQLite lets one connection
write at a time. Signing in makes a record and a token of its own, whatever was there before.
`interface` opens and saves them.
"""

from typing import Any, cast

from flask import Flask, current_app, has_request_context, session
from flask.sessions import SessionMixin
from sqlalchemy.sql.dml import Delete

from portal.clock import now
from portal.sessions import records
from portal.sessions.interface import STAMP, ServerSession, ServerSessionInterface, forget
from portal.sessions.records import Record


def init_app(app: Flask) -> None:
    """Keep the sessions of the app in its database."""
    app.session_interface = ServerSessionInterface()


def begin(version: int, remember: bool) -> None:
    """Somebody was just signed in: that is a session of its own, with a token of its own.

    Args:
        version: of the credential that was shown.
        remember: whether the session outlasts the browser.
    """
    here = _present()
    if here is not None:
        forget(here)
        here.permanent = remember
        here[STAMP] = version


def stamp_of(customer_id: int) -> int | None:
    """The version of the credential that let the customer into the present session, if so."""
    here = _present()
    return here.stamp if here is not None and here.customer_id == customer_id else None


def leave() -> None:
    """Let the present session be nobody's; its record goes when it is saved."""
    here = _present()
    if here is not None:
        here.clear()


def goes_on(customer_id: int, version: int) -> None:
    """The present session, if it is the customer's, made the credential that counts from now on."""
    here = _present()
    if here is not None and here.customer_id == customer_id:
        here[STAMP] = version
        renew()


def end_others(customer_id: int) -> int:
    """End all sessions of the customer but the present one; how many there were."""
    here = _present()
    return records.remove_of(customer_id, spare=here.record if here is not None else None)


def ending_others(customer_id: int) -> Delete:
    """The statement of `end_others`, for a transaction that does more."""
    here = _present()
    return records.removing(customer_id, spare=here.record if here is not None else None)


def end_all(customer_id: int) -> int:
    """End all sessions of the customer, the present one included."""
    here = _present()
    if here is not None and here.customer_id == customer_id:
        end_present()
    return records.remove_of(customer_id)


def end_one(customer_id: int, number: int) -> bool:
    """End one session; False when the customer has none with this number."""
    return records.remove_number(customer_id, number)


def end_present() -> None:
    """End the session of this request."""
    cast(ServerSessionInterface, current_app.session_interface).end(session)


def abandon() -> None:
    """Save nothing of the session of this request: the database has kept it waiting already."""
    here = _here()
    if isinstance(here, ServerSession):
        here.abandoned = True


def renew() -> None:
    """Give the session of this request another token."""
    here = _present()
    if here is not None:
        cast(ServerSessionInterface, current_app.session_interface).regenerate(here)


def sessions_of(customer_id: int, version: int) -> list[Record]:
    """The live sessions of the customer, the last used first."""
    return records.live_of(customer_id, version, now())


def is_present(record: Record) -> bool:
    """Whether the record is that of the session of this request."""
    here = _present()
    return here is not None and here.record is not None and here.record.id == record.id


def _present() -> ServerSession | None:
    if not has_request_context():
        return None
    here = cast(ServerSession, _here())
    here.read()
    return here


def _here() -> SessionMixin:
    """Return the session behind Flask's proxy, which is typed as what it stands for."""
    found: SessionMixin = cast(Any, session)._get_current_object()
    return found
