"""Find customers by user name, e-mail address or key, and list their names."""

from collections.abc import Iterator, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.extensions import db
from portal.models import Customer
from portal.rules.email_addresses import email_key, is_placeholder
from portal.rules.limits import LONGEST_IDENTITY
from portal.rules.names import name_key

KEYS_AT_ONCE = 1000
AT_ONCE = 500


def find_customer(identity: str) -> Customer | None:
    """Return the customer with this user name or e-mail address."""
    identity = identity.strip()
    if "\0" in identity or len(identity) > LONGEST_IDENTITY:
        return None
    found = or_(
        Customer.email_key == email_key(identity), Customer.username_key == name_key(identity)
    )
    return db.session.scalar(select(Customer).where(found))


def find_for_operator(name: str) -> Customer | None:
    """Return the customer with this user name, e-mail address or key, tried in this order."""
    return find_customer(name) or customer_of(name)


def customer_of(key: str) -> Customer | None:
    """Return the customer with this key.

    The session's loader also sets language and time zone of the request, which are those of the
    person who sends it. This one is for all other customers.
    """
    return db.session.get(Customer, int(key)) if _is_key(key) else None


def find_all_for_operator(names: Sequence[str]) -> dict[str, Customer]:
    """Return the same for many names, by name, in a statement for each of the three ways."""
    usable = [name for name in names if "\0" not in name and len(name) <= LONGEST_IDENTITY]
    by_name = {name: name_key(name.strip()) for name in usable}
    by_email = {name: email_key(name.strip()) for name in usable}
    by_key = {name: int(name) for name in usable if _is_key(name)}
    found: dict[str, Customer] = {}
    for column, wanted in (
        (Customer.id, by_key),
        (Customer.email_key, by_email),
        (Customer.username_key, by_name),
    ):
        statement = select(Customer).where(column.in_(set(wanted.values())))
        rows = {getattr(each, column.key): each for each in db.session.scalars(statement)}
        # A way that comes first in `find_for_operator` comes last here, and wins.
        found |= {name: rows[key] for name, key in wanted.items() if key in rows}
    return found


def all_keys() -> Iterator[str]:
    """Yield the keys of all customers, read in batches to save memory."""
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
    """Yield all customers sorted by name, in batches of AT_ONCE to save memory."""
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
    """Return the user name of the customer with this key, or the key if the customer is gone."""
    customer = customer_of(key)
    return key if customer is None else customer.username


def names_of(keys: Sequence[str]) -> dict[str, str]:
    """Return the user names of the customers with these keys."""
    numbers = [int(key) for key in keys if _is_key(key)]
    statement = select(Customer.id, Customer.username).where(Customer.id.in_(numbers))
    with db.engine.connect() as connection:
        return {str(number): name for number, name in connection.execute(statement)}


def email_of(customer: Customer) -> str:
    """Return the e-mail address for people to read, empty if the customer has none."""
    return "" if is_placeholder(customer.email) else customer.email


def _is_key(text: str) -> bool:
    """Return whether a text can be a key: a number that every database takes."""
    return text.isdecimal() and len(text) <= 18
