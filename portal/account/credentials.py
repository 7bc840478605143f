"""The version of a customer's credential, which ends older sessions and links.

Each change of the password or of the second factor raises it, in the transaction of the change.
Sessions, pending sign-ins, known and trusted browsers and reset links store the version at which
they began, and it is compared when they are used. So a session that began before a change ends even
if its row is written after it. A new e-mail address that waits to be confirmed is dropped by the
change itself. Of two changes at the same time, only the first succeeds.
"""

from typing import Any

from flask import Flask, g
from sqlalchemy import ColumnElement, Connection, update
from sqlalchemy.orm import Session

from portal import sessions
from portal.models import NO_WANTED_EMAIL, Customer
from portal.security.database import updated
from portal.twofactor import signals


class Overtaken(Exception):
    """Another change of the credential came first, so the proof for this one no longer counts."""


def init_app(app: Flask) -> None:
    """Keep the session that turns the second factor on or off."""
    signals.activated.connect(_changed, sender=app)
    signals.deactivated.connect(_changed, sender=app)


def version_of(customer: Customer) -> int:
    """Return the credential version that this request relies on.

    It is the version that the row had when the customer was read, or the one that this request has
    raised it to since.
    """
    made = _made()
    version = customer.version_read
    while (customer.id, version) in made:
        version = made[customer.id, version]
    return version


def text_of(customer: Customer) -> str:
    """Return the same version as a text for the blueprint."""
    return f"{customer.id}:{version_of(customer)}"


def stands_on(customer: Customer) -> ColumnElement[bool]:
    """Return the SQL condition that the credential is still at the version of this request."""
    return Customer.credential_version == version_of(customer)


def raise_version(
    writer: Connection | Session, customer_id: int, *ground: ColumnElement[bool], **values: Any
) -> int:
    """Change the credential and raise its version in one statement; return the new version.

    Args:
        writer: the transaction of the change.
        customer_id: the customer whose credential changes.
        ground: conditions on the customer's row.
        values: other columns of the row to set.

    Raises:
        Overtaken: a condition is not met, or the customer was deleted.
    """
    version = Customer.credential_version
    statement = (
        update(Customer)
        .where(Customer.id == customer_id, *ground)
        .values(NO_WANTED_EMAIL | {"credential_version": version + 1} | values)
        .execution_options(synchronize_session=False)
    )
    raised: int | None = updated(writer, statement, version, Customer.id == customer_id)
    if raised is None:
        raise Overtaken
    return raised


def raise_with(connection: Connection, customer_id: int) -> None:
    """Raise the version in the transaction of a change of the second factor.

    Raises:
        Overtaken: the session that makes the change began at an older version.
    """
    stamp = sessions.stamp_of(customer_id)
    ground = () if stamp is None else (Customer.credential_version == stamp,)
    try:
        version = raise_version(connection, customer_id, *ground)
    except Overtaken:
        if stamp is not None:
            raise
        return  # an operator cleans up after a deleted customer
    g.setdefault("credentials_open", {})[customer_id] = version


def raised(customer_id: int, version: int) -> None:
    """Move the session of this request to the new version, after the commit of the change."""
    _made()[customer_id, version - 1] = version
    sessions.goes_on(customer_id, version)


def _changed(_app: Flask, user_id: str, **_facts: Any) -> None:
    version = g.get("credentials_open", {}).pop(int(user_id), None)
    if version is not None:
        raised(int(user_id), version)


def _made() -> dict[tuple[int, int], int]:
    """Return the versions that this request or command has raised, as {(id, old): new}."""
    made: dict[tuple[int, int], int] = g.setdefault("credentials_made", {})
    return made
