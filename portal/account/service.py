"""The use cases of an account: one function each, called by both pages and commands."""

from collections.abc import Iterable
from typing import Any

from flask import current_app, has_request_context
from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.exc import IntegrityError

from portal import sessions
from portal.account import known_browsers, password_attempts
from portal.account.credentials import Overtaken, raise_version, raised, stands_on, version_of
from portal.clock import now
from portal.extensions import db, twofactor
from portal.i18n.language import _, worded
from portal.mail import notices, outbox
from portal.models import Customer
from portal.rules.names import Refused, checked_email, checked_name, identity_key
from portal.rules.passwords import (
    PasswordRefused,
    check_new_password,
    check_nobody,
    check_password,
    hash_password,
)
from portal.rules.refusal import later
from portal.security import network_throttle, undo_links
from portal.security.database import rows_hit
from portal.security.retries import done_again, rows_written
from portal.sessions.records import Record
from portal.twofactor import PasswordRefused as NotTaken

SIGN_IN = "sign_in"


def verify_password(customer: Customer, password: str) -> bool:
    """Return whether the password is correct. Every page that asks for a password calls this.

    The attempt is counted first: for this browser if the customer has signed in here before, else
    for the account. A wrong password also counts for the network address. The fifth wrong one in a
    row in a signed-in session ends the session.

    Raises:
        PasswordHeld: too many were wrong; this one was not checked.
    """
    number, version, stored = customer.id, customer.credential_version, customer.password_hash
    browser = known_browsers.digest_of(number, version) if has_request_context() else None
    # With the version, so the count starts at zero after a change of the password.
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
    """Do the same work as `verify_password` for an unknown name, and return False.

    Raises:
        PasswordHeld: too many were wrong, as for an existing account.
    """
    # By the form that finds a customer, or another spelling would tell whether there is one.
    run = password_attempts.count(password_attempts.key("nobody", identity_key(identity)))
    check_nobody(password, current_app.config["PASSWORD_COST"])
    network_throttle.note()
    notices.wrong_passwords(None, run)
    return False


def shortest_password(customer: Customer | None) -> int:
    """Return the minimum length of a new password, in characters.

    PASSWORD_LENGTH, or PASSWORD_LENGTH_ALONE if that is set and longer and signing in needs only
    the password (NIST SP 800-63B-4 section 3.1.1.2 requires 15).
    """
    config = current_app.config
    usual: int = config["PASSWORD_LENGTH"]
    alone: int | None = config["PASSWORD_LENGTH_ALONE"]
    if alone is None or (customer is not None and SIGN_IN in twofactor.areas_of(customer)):
        return usual
    return max(usual, alone)


def check_choice(customer: Customer, password: str) -> None:
    """Check that the customer may choose this password.

    Raises:
        PasswordRefused: it is too short, or easy to guess.
    """
    words = own_words(customer.username, customer.email)
    check_new_password(password, words, shortest_password(customer))


def own_words(name: str, email: str) -> Iterable[str]:
    """Return the words that a new password must not consist of."""
    return (name, email.partition("@")[0], email, current_app.config["SITE_NAME"])


def create_customer(name: str, email: str, password: str, **profile: Any) -> Customer:
    """Add a customer.

    Raises:
        Refused: the name or the address is invalid or taken.
        PasswordRefused: the password is too short, or easy to guess.
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
    """Change the password, end all other sessions and notify the owner by mail.

    Args:
        customer: the owner of the password.
        password: the new password.
        proved: whether an operator who has verified the owner makes the change; then the password
            changes even if the credential has changed meanwhile.

    Raises:
        PasswordRefused: the password is too weak, or is the current one.
        Overtaken: the credential has been changed meanwhile.
    """
    check_choice(customer, password)
    if check_password(password, customer.password_hash):
        raise PasswordRefused(later("That's your current password. Choose a new one."))
    ground = () if proved else (stands_on(customer),)
    replace_password(customer, password, *ground, proved=proved)


def problem_with_password(customer: Customer, password: str) -> str | None:
    """Return the sentence that refuses a new password, or `None` if the password is good."""
    try:
        check_choice(customer, password)
    except PasswordRefused as refusal:
        return worded(refusal)
    # A check counts no password, so it does not compare this one with the current one.
    if not twofactor.checking() and check_password(password, customer.password_hash):
        return _("That's your current password. Choose a new one.")
    return None


def choose_password(customer: Customer, password: str) -> None:
    """Change the password in the step that uses the recovery code.

    Raises:
        twofactor's PasswordRefused: the new one is too weak, or the old one was changed meanwhile.
    """
    try:
        change_password(customer, password)
    except PasswordRefused as refusal:
        raise NotTaken(worded(refusal)) from None
    except Overtaken:
        raise NotTaken(_("Your password has just been changed. Sign in again.")) from None


def replace_password(
    customer: Customer, password: str, *ground: ColumnElement[bool], proved: bool = False
) -> None:
    """Store a password that has been checked, and end all other sessions and pending sign-ins.

    They end in the transaction that stores it, so either all of them end or nothing changes. A
    session written a moment later ends too, since it has the older credential version.

    Args:
        customer: the owner of the password.
        password: the new password.
        ground: conditions on the customer's row.
        proved: whether the owner was verified by more than the old password.

    Raises:
        Overtaken: a condition is not met; nothing was changed.
    """
    number, hashed = customer.id, _hashed(password)
    before = (number, customer.email, customer.password_hash)

    def work() -> int:
        # First the blueprint's rows, then the customer, then the sessions. The blueprint's own
        # changes lock in this order too, which makes deadlocks rare.
        twofactor.password_changed(customer, db.session.connection(), proved=proved)
        try:
            version = raise_version(
                db.session(), number, *ground, password_hash=hashed, reset_proof=None
            )
        except Overtaken:
            db.session.rollback()
            raise
        db.session.execute(sessions.ending_others(number))
        undo = undo_links.offer(db.session(), "password", before, chained=not proved)
        notices.password_changed(db.session(), customer, undo)
        db.session.commit()
        return version

    raised(number, done_again(work))
    outbox.hand_over()


def close_account(customer: Customer) -> None:
    """Delete the customer and all data of the account, and confirm it by mail.

    Raises:
        Overtaken: the credential has been changed meanwhile.
    """
    number = customer.id

    def work() -> None:
        twofactor.forget(customer, db.session.connection())
        notices.account_closed(db.session(), customer)
        own = delete(Customer).where(Customer.id == number, stands_on(customer))
        if rows_hit(db.session.execute(own)) != 1:
            db.session.rollback()
            raise Overtaken
        db.session.execute(sessions.ending_others(number))
        db.session.commit()

    done_again(work)
    sessions.end_all(number)
    outbox.hand_over()


def rehash(number: int, read: str, password: str) -> None:
    """Hash the correct password again with the current PASSWORD_COST.

    Args:
        number: the id of the customer.
        read: the hash that was checked; a hash stored since then is not overwritten.
        password: the correct password.
    """
    still = update(Customer).where(Customer.id == number, Customer.password_hash == read)
    rows_written(still.values(password_hash=_hashed(password)))


def live_sessions(customer: Customer) -> list[Record]:
    """Return the customer's live sessions, most recently used first."""
    return sessions.sessions_of(customer.id, version_of(customer))


def _hashed(password: str) -> str:
    return hash_password(password, current_app.config["PASSWORD_COST"])
