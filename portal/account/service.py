"""What can be done with an account: one function a deed, called alike by pages and commands."""

from collections.abc import Iterable
from typing import Any

from flask import current_app, has_request_context
from sqlalchemy import ColumnElement, Result, delete, update
from sqlalchemy.exc import IntegrityError

from portal import sessions
from portal.account import known_browsers, password_attempts
from portal.account.credentials import Overtaken, raise_version, raised, stands_on, version_of
from portal.clock import now
from portal.extensions import db, twofactor
from portal.i18n.language import _, worded
from portal.mail import notices, outbox
from portal.models import Customer, PasswordReset
from portal.rules.email_addresses import email_key
from portal.rules.names import Refused, checked_email, checked_name, name_key
from portal.rules.passwords import (
    PasswordRefused,
    check_new_password,
    check_nobody,
    check_password,
    hash_password,
)
from portal.rules.refusal import later
from portal.security import network_throttle
from portal.security.database import rows_hit
from portal.security.retries import done_again
from portal.sessions.records import Record
from portal.twofactor import PasswordRefused as NotTaken

SIGN_IN = "sign_in"


def verify_password(customer: Customer, password: str) -> bool:
    """Judge a password: the one function for every question for it.

    It is counted first, for the account or, where the customer signed in before, for this browser;
    a wrong one counts for the network address as well. The fifth wrong one in a row in a session
    that is signed in ends the session.

    Raises:
        PasswordHeld: too many were wrong; it was not judged.
    """
    number, version, stored = customer.id, customer.credential_version, customer.password_hash
    browser = known_browsers.digest_of(number, version) if has_request_context() else None
    # With the version: another password begins at nothing.
    account = password_attempts.key("customer", number, version)
    counted = password_attempts.key("browser", browser) if browser else account
    run = password_attempts.count(counted)
    if check_password(password, stored):
        password_attempts.clear(counted, password_attempts.session_key(number))
        return True
    network_throttle.note()
    notices.wrong_passwords(number, run)
    password_attempts.count_in_session(number)
    return False


def verify_nobody(identity: str, password: str) -> bool:
    """`verify_password` for a name that nobody has: the same is done, and it is always wrong.

    Raises:
        PasswordHeld: as if somebody had it.
    """
    run = password_attempts.count(password_attempts.key("nobody", name_key(identity.strip())))
    check_nobody(password, current_app.config["PASSWORD_COST"])
    network_throttle.note()
    notices.wrong_passwords(None, run)
    return False


def shortest_password(customer: Customer | None) -> int:
    """Return how many characters a new password has at least.

    More while the password is all that signing in takes, if PASSWORD_LENGTH_ALONE says so
    (NIST SP 800-63B-4 section 3.1.1.2: 15).
    """
    config = current_app.config
    usual: int = config["PASSWORD_LENGTH"]
    alone: int | None = config["PASSWORD_LENGTH_ALONE"]
    if alone is None or (customer is not None and SIGN_IN in twofactor.areas_of(customer)):
        return usual
    return max(usual, alone)


def check_choice(customer: Customer, password: str) -> None:
    """Let a password pass that the customer may choose.

    Raises:
        PasswordRefused: it is too short, or easy to guess.
    """
    words = own_words(customer.username, customer.email)
    check_new_password(password, words, shortest_password(customer))


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
    check_new_password(password, own_words(name, email), shortest_password(None))
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
        proved: whether an operator does it, who has made sure of the owner: whatever the customer
            was shown, it is changed.

    Raises:
        PasswordRefused: the password is not good enough, or the present one.
        Overtaken: the credential that was shown for it has been changed meanwhile.
    """
    check_choice(customer, password)
    if check_password(password, customer.password_hash):
        raise PasswordRefused(later("This is your present password. Choose another one."))
    ground = () if proved else (stands_on(customer),)
    replace_password(customer, password, *ground, proved=proved)


def problem_with_password(customer: Customer, password: str) -> str | None:
    """Return what keeps the customer from choosing a password, in words; `None`: it is good."""
    try:
        check_choice(customer, password)
    except PasswordRefused as refusal:
        return worded(refusal)
    if check_password(password, customer.password_hash):
        return _("This is your present password. Choose another one.")
    return None


def choose_password(customer: Customer, password: str) -> None:
    """Give the customer another password in the step that uses the recovery code.

    Raises:
        twofactor's PasswordRefused: it is not good enough, or was changed meanwhile.
    """
    try:
        change_password(customer, password)
    except PasswordRefused as refusal:
        raise NotTaken(worded(refusal)) from None
    except Overtaken:
        raise NotTaken(_("Your password was changed meanwhile. Sign in again.")) from None


def replace_password(
    customer: Customer, password: str, *ground: ColumnElement[bool], proved: bool = False
) -> None:
    """Store a password that was found good, and end everything that hung on the old one.

    Other sessions and pending sign-ins end in the transaction that stores it: whatever breaks off,
    the old password and what was opened with it go together. What is written a moment later ends
    as well, since it stands on the version of before.

    Args:
        customer: whose it is.
        password: the new one.
        ground: what must hold of the customer's row at that moment.
        proved: whether the owner was made sure of by more than the old password.

    Raises:
        Overtaken: the ground does not hold; nothing was changed.
    """
    number, hashed = customer.id, _hashed(password)

    def work() -> int:
        # First what the blueprint has, then the customer, then the sessions: its own changes lock
        # in this order, too, so that hardly ever one waits for the other in vain.
        twofactor.password_changed(customer, db.session.connection(), proved=proved)
        try:
            version = raise_version(db.session(), number, *ground, password_hash=hashed)
        except Overtaken:
            db.session.rollback()
            raise
        db.session.execute(sessions.ending_others(number))
        notices.password_changed(db.session(), customer)
        db.session.commit()
        return version

    raised(number, done_again(work))
    outbox.hand_over()


def change_email(customer: Customer, email: str) -> None:
    """Give the customer another address; the old and the new one are told.

    A link that was mailed to the old address, to replace the password, is dead.

    Raises:
        Refused: the address is not acceptable, taken, or the present one.
        Overtaken: the credential that was shown for it has been changed meanwhile.
    """
    email, old = checked_email(email), customer.email
    if email == old:
        raise Refused(later("This is your present e-mail address."))

    def work() -> None:
        try:
            changed = db.session.execute(
                update(Customer)
                .where(Customer.id == customer.id, stands_on(customer))
                .values(email=email, email_key=email_key(email))
            )
        except IntegrityError:
            db.session.rollback()
            raise Refused(later("This e-mail address can't be used. Choose another one.")) from None
        _hit(changed)
        db.session.execute(delete(PasswordReset).where(PasswordReset.customer_id == customer.id))
        notices.email_changed(db.session(), customer, old, email)
        db.session.commit()

    done_again(work)
    outbox.hand_over()


def close_account(customer: Customer) -> None:
    """Remove the customer with everything that belongs to the account, and say so by mail.

    Raises:
        Overtaken: the credential that was shown for it has been changed meanwhile.
    """
    number = customer.id

    def work() -> None:
        twofactor.forget(customer, db.session.connection())
        notices.account_closed(db.session(), customer)
        _hit(db.session.execute(delete(Customer).where(Customer.id == number, stands_on(customer))))
        db.session.execute(sessions.ending_others(number))
        db.session.commit()

    done_again(work)
    sessions.end_all(number)
    outbox.hand_over()


def rehash(number: int, read: str, password: str) -> None:
    """Store the right password again under the cost that is wanted now, if it still is the one.

    Args:
        number: whose it is.
        read: the hash that the password was found right by; what came after it stays.
        password: the right password.
    """
    still = update(Customer).where(Customer.id == number, Customer.password_hash == read)
    statement = still.values(password_hash=_hashed(password))
    with db.engine.begin() as connection:
        connection.execute(statement)


def live_sessions(customer: Customer) -> list[Record]:
    """Return the customer's live sessions, the last used first."""
    return sessions.sessions_of(customer.id, version_of(customer))


def _hit(result: Result[Any]) -> None:
    """Make sure that a change has hit its row.

    Raises:
        Overtaken: it has not, since what it stands on has changed; nothing is written.
    """
    if rows_hit(result) != 1:
        db.session.rollback()
        raise Overtaken


def _hashed(password: str) -> str:
    return hash_password(password, current_app.config["PASSWORD_COST"])
