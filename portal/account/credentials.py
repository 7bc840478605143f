"""The version of a customer's credential: what was begun under one ends with it.

It is raised by each change of the password or of the second factor, in the transaction of the
change. Sessions, pending sign-ins, known and trusted browsers and reset links hold the version that
they began under, and it is compared when they are used; so what somebody began before a change ends
also when it was written after it. A change itself holds as long as nobody else's came first.
"""

from typing import Any

from flask import Flask, g
from sqlalchemy import ColumnElement, Connection, update
from sqlalchemy.orm import Session

from portal import sessions
from portal.models import Customer
from portal.twofactor import signals


class Overtaken(Exception):
    """Another change of the credential came first: what was shown for this one counts no more."""


def init_app(app: Flask) -> None:
    """Let the session that switches the second factor on or off go on."""
    signals.activated.connect(_changed, sender=app)
    signals.deactivated.connect(_changed, sender=app)


def version_of(customer: Customer) -> int:
    """The version that was shown for the customer in this request.

    It is the one that the row had when the customer was read, or what the request itself has made
    of it since.
    """
    version = customer.version_read
    made = _made()
    while (customer.id, version) in made:
        version = made[customer.id, version]
    return version


def text_of(customer: Customer) -> str:
    """The same, as the blueprint has it."""
    return f"{customer.id}:{version_of(customer)}"


def stands_on(customer: Customer) -> ColumnElement[bool]:
    """The condition that nobody has changed the customer's credential since it was shown."""
    return Customer.credential_version == version_of(customer)


def raise_version(
    writer: Connection | Session, customer_id: int, *ground: ColumnElement[bool], **values: Any
) -> int:
    """Write what is new of the credential, as one statement; the version that counts from then on.

    Args:
        writer: the transaction of the change.
        customer_id: whose credential it is.
        ground: what must hold at that moment.
        values: what is new in the customer's row besides.

    Raises:
        Overtaken: the ground does not hold, or the customer is gone.
    """
    version = Customer.credential_version
    statement = (
        update(Customer)
        .where(Customer.id == customer_id, *ground)
        .values(credential_version=version + 1, **values)
        .returning(version)
        .execution_options(synchronize_session=False)
    )
    raised: int | None = writer.execute(statement).scalar()
    if raised is None:
        raise Overtaken
    return raised


def raise_with(connection: Connection, customer_id: int) -> None:
    """Raise the version in the transaction of a change of the second factor.

    Raises:
        Overtaken: the session that does it stands on an older version.
    """
    stamp = sessions.stamp_of(customer_id)
    ground = () if stamp is None else (Customer.credential_version == stamp,)
    try:
        version = raise_version(connection, customer_id, *ground)
    except Overtaken:
        if stamp is not None:
            raise
        return  # an operator clears up after a customer who is gone
    g.setdefault("credentials_open", {})[customer_id] = version


def raised(customer_id: int, version: int) -> None:
    """This request has raised the version, and the change is committed: its session goes on."""
    _made()[customer_id, version - 1] = version
    sessions.goes_on(customer_id, version)


def _changed(_app: Flask, user_id: str, **_facts: Any) -> None:
    version = g.get("credentials_open", {}).pop(int(user_id), None)
    if version is not None:
        raised(int(user_id), version)


def _made() -> dict[tuple[int, int], int]:
    """Return the versions that this request, or command, has raised: the new by the old."""
    made: dict[tuple[int, int], int] = g.setdefault("credentials_made", {})
    return made
