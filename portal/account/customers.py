"""Customers found and named: by user name, e-mail address or key."""

from collections.abc import Iterator, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.extensions import db
from portal.models import Customer
from portal.rules.email_addresses import email_key
from portal.rules.limits import LONGEST_IDENTITY
from portal.rules.names import name_key

KEYS_AT_ONCE = 1000
AT_ONCE = 500


def find_customer(identity: str) -> Customer | None:
    """The customer with this user name or e-mail address."""
    identity = identity.strip()
    if "\0" in identity or len(identity) > LONGEST_IDENTITY:
        return None
    found = or_(
        Customer.email_key == email_key(identity), Customer.username_key == name_key(identity)
    )
    return db.session.scalar(select(Customer).where(found))


def find_for_operator(name: str) -> Customer | None:
    """The customer with this user name, e-mail address or key, in this order."""
    found = find_customer(name)
    if found is None and name.isdecimal() and len(name) <= 18:
        found = db.session.get(Customer, int(name))
    return found


def all_keys() -> Iterator[str]:
    """The keys of all customers, read in batches, so that no number of them fills the memory."""
    last = 0
    while True:
        statement = select(Customer.id).where(Customer.id > last).order_by(Customer.id)
        with db.engine.connect() as connection:
            numbers = connection.scalars(statement.limit(KEYS_AT_ONCE)).all()
        if not numbers:
            return
        yield from map(str, numbers)
        last = numbers[-1]


def in_batches() -> Iterator[Sequence[Customer]]:
    """Yield all customers in the order of their names, so many at a time as fit the memory."""
    last = ""
    while True:
        batch = select(Customer).where(Customer.username_key > last).order_by(Customer.username_key)
        with Session(db.engine) as session:
            customers = session.scalars(batch.limit(AT_ONCE)).all()
        if customers:
            yield customers
        if len(customers) < AT_ONCE:
            return
        last = customers[-1].username_key


def name_of(key: str) -> str:
    """The user name of the customer with this key, or the key of somebody who is gone."""
    customer = db.session.get(Customer, int(key)) if key.isdecimal() else None
    return key if customer is None else customer.username


def names_of(keys: Sequence[str]) -> dict[str, str]:
    """The user names of the customers with these keys."""
    numbers = [int(key) for key in keys if key.isdecimal()]
    statement = select(Customer.id, Customer.username).where(Customer.id.in_(numbers))
    with db.engine.connect() as connection:
        return {str(number): name for number, name in connection.execute(statement)}
