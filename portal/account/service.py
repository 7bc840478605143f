"""What can be done with an account: one function a deed, called alike by pages and commands."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import current_app, has_request_context
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from portal import addresses, mail, notices, sessions
from portal.extensions import db, twofactor
from portal.formats import now
from portal.language import _, worded
from portal.models import Customer, email_key, name_key
from portal.passwords import PasswordRefused, check_new_password, check_password, hash_password
from portal.rules import Refused, checked_email, checked_name
from portal.twofactor import PasswordRefused as NotTaken
from portal.twofactor.catalogue import later

KEYS_AT_ONCE = 1000


def find_customer(identity: str) -> Customer | None:
    """The customer with this user name or e-mail address."""
    identity = identity.strip()
    if "\0" in identity or len(identity) > 400:
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


def verify_password(customer: Customer, password: str) -> bool:
    """Whether the password is the customer's; a wrong one is counted against the address."""
    right = check_password(password, customer.password_hash)
    if not right:
        addresses.note()
    return right


def own_words(name: str, email: str) -> Iterable[str]:
    """What a new password must not be made of."""
    return (name, email.partition("@")[0], email, current_app.config["SITE_NAME"])


def create_customer(name: str, email: str, password: str, **profile: Any) -> Customer:
    """Add a customer.

    Raises:
        Refused: the name or the address is not acceptable, or taken.
        PasswordRefused: the password is not good enough.
    """
    name, email = checked_name(name), checked_email(email)
    check_new_password(password, own_words(name, email))
    customer = Customer(
        username=name, email=email, password_hash=_hashed(password), created_at=now(), **profile
    )
    db.session.add(customer)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Refused(later("This user name or e-mail address is taken.")) from None
    return customer


def change_password(customer: Customer, password: str, proved: bool = False) -> None:
    """Give the customer another password; every other session ends, and the owner is told.

    Args:
        customer: whose it is.
        password: the new one.
        proved: whether an operator does it, who has made sure of the owner.

    Raises:
        PasswordRefused: the password is not good enough, or the present one.
    """
    check_new_password(password, own_words(customer.username, customer.email))
    if check_password(password, customer.password_hash):
        raise PasswordRefused(later("This is your present password. Choose another one."))
    replace_password(customer, password, proved=proved)


def problem_with_password(customer: Customer, password: str) -> str | None:
    """What keeps the customer from choosing a password, in words; `None` when it is good."""
    try:
        check_new_password(password, own_words(customer.username, customer.email))
    except PasswordRefused as refusal:
        return worded(refusal)
    if check_password(password, customer.password_hash):
        return _("This is your present password. Choose another one.")
    return None


def choose_password(customer: Customer, password: str) -> None:
    """Give the customer another password in the step that uses the recovery code.

    Raises:
        twofactor's PasswordRefused: it is not good enough.
    """
    try:
        change_password(customer, password)
    except PasswordRefused as refusal:
        raise NotTaken(worded(refusal)) from None


def replace_password(customer: Customer, password: str, *, proved: bool = False) -> None:
    """Store a password that was found good, and end everything that hung on the old one.

    Other sessions and pending sign-ins end in the transaction that stores it: whatever breaks off,
    the old password and what was opened with it go together.

    Args:
        customer: whose it is.
        password: the new one.
        proved: whether the owner was made sure of by more than the old password.
    """
    customer.password_hash = _hashed(password)
    db.session.execute(sessions.ending_others(customer.id))
    twofactor.password_changed(customer, db.session.connection(), proved=proved)
    notices.password_changed(db.session(), customer)
    db.session.commit()
    if has_request_context():
        sessions.renew()
    mail.hand_over()


def change_email(customer: Customer, email: str) -> None:
    """Give the customer another address; the old and the new one are told.

    Raises:
        Refused: the address is not acceptable, taken, or the present one.
    """
    email, old = checked_email(email), customer.email
    if email == old:
        raise Refused(later("This is your present e-mail address."))
    customer.set_email(email)
    try:
        notices.email_changed(db.session(), customer, old, email)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Refused(later("This e-mail address can't be used. Choose another one.")) from None
    mail.hand_over()


def close_account(customer: Customer) -> None:
    """Remove the customer with everything that belongs to the account, and say so by mail."""
    number = customer.id
    twofactor.forget(customer, db.session.connection())
    db.session.execute(sessions.ending_others(number))
    db.session.delete(customer)
    notices.account_closed(db.session(), customer)
    db.session.commit()
    sessions.end_all(number)
    mail.hand_over()


def rehash(customer: Customer, password: str) -> None:
    """Store the right password again under the cost that is wanted now."""
    customer.password_hash = _hashed(password)
    db.session.commit()


def _hashed(password: str) -> str:
    return hash_password(password, current_app.config["PASSWORD_COST"])
