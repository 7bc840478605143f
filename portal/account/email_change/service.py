"""The use cases of a new e-mail address: ask for it, send the link again, cancel, confirm.

The address waits in the customer's own row, so there is at most one, and one statement decides
between a confirmation and whatever else happens to it at the same time. A change of the credential
clears it in its own statement. Until it is confirmed, nothing but these pages reads it.

An address that another customer has is asked for in the same way: its owner gets a notice instead
of the link, and the person who asks sees no difference.
"""

import secrets
from dataclasses import dataclass

from flask import current_app, session
from sqlalchemy import ColumnElement, Update, delete, select, update
from sqlalchemy.exc import IntegrityError

from portal import sessions
from portal.account import password_attempts
from portal.account.credentials import Overtaken, stands_on
from portal.clock import now
from portal.extensions import db
from portal.mail import notices, outbox
from portal.mail.letters import mailed_address
from portal.models import NO_WANTED_EMAIL, Customer, PasswordReset
from portal.rules.email_addresses import email_key
from portal.rules.names import Refused, checked_email
from portal.rules.password_schedule import DAY, Schedule
from portal.rules.refusal import later
from portal.security import undo_links
from portal.security.database import rows_hit
from portal.security.retries import done_again
from portal.security.sealing import digest
from portal.twofactor import PasswordHeld
from portal.twofactor import wait as in_words

PRESENT_ADDRESS = later("That's your current e-mail address. Enter a different one.")
TOO_MANY = later(
    "You've asked for several e-mails already. Check your spam folder, or try again %(wait)s."
)
LINK = "_new_email"  # in the session: the digest of the opened link, the customer and the address


@dataclass(frozen=True, slots=True)
class Waiting:
    """An address that waits for its link, until a time in Unix seconds."""

    email: str
    until: int


@dataclass(frozen=True, slots=True)
class Link:
    """A mailed link that still works."""

    customer: Customer
    digest: str
    email: str


class LinkDead(Exception):
    """The link was used, has expired, or was replaced or cancelled."""


class Taken(Exception):
    """Another customer has the address by now."""


def waiting(customer: Customer) -> Waiting | None:
    """Return the address that waits to be confirmed, or `None`."""
    email, until = customer.wanted_email, customer.wanted_email_until
    return Waiting(email, until) if email and until is not None and until > now() else None


def check_links(customer: Customer) -> None:
    """Check that the customer may ask for another link today; counts nothing.

    Raises:
        Refused: EMAIL_LINKS were asked for already.
    """
    if current_app.config["EMAIL_LINKS"]:
        until = password_attempts.held_until(_key(customer), _schedule())
        if until is not None:
            raise _too_many(until)


def ask(customer: Customer, email: str) -> None:
    """Keep the new address until it is confirmed, and mail it a link; tell the current one.

    An earlier one that waits is replaced, and its link stops working.

    Raises:
        Refused: the address is invalid or the current one, or EMAIL_LINKS were asked for already.
        Overtaken: the credential has been changed meanwhile.
    """
    email = checked_email(email)
    if email == customer.email:
        raise Refused(PRESENT_ADDRESS)
    _count(customer)
    token = secrets.token_urlsafe(32)

    def work() -> None:
        changed = db.session.execute(
            update(Customer)
            .where(Customer.id == customer.id, stands_on(customer))
            .values(NO_WANTED_EMAIL | _waiting_for(token) | {"wanted_email": email})
        )
        if rows_hit(changed) != 1:
            db.session.rollback()
            raise Overtaken
        notices.email_asked(db.session(), customer, email)
        _mail_link(customer, email, token)
        db.session.commit()

    done_again(work)
    outbox.hand_over()


def send_again(customer: Customer) -> bool:
    """Mail a new link to the address that waits; the earlier link stops working.

    Returns:
        Whether an address waits.

    Raises:
        Refused: EMAIL_LINKS were asked for already.
    """
    there = waiting(customer)
    if there is None:
        return False
    _count(customer)
    token = secrets.token_urlsafe(32)

    def work() -> bool:
        mine = (Customer.id == customer.id, Customer.wanted_email == there.email)
        renewed = update(Customer).where(*mine, stands_on(customer)).values(_waiting_for(token))
        if rows_hit(db.session.execute(renewed)) != 1:
            db.session.rollback()
            return False
        _mail_link(customer, there.email, token)
        db.session.commit()
        return True

    sent = done_again(work)
    outbox.hand_over()
    return sent


def cancel(customer: Customer) -> bool:
    """Drop the address that waits; return False if there is none any more."""
    number = customer.id

    def work() -> int:
        dropped = rows_hit(db.session.execute(dropping(number)))
        db.session.commit()
        return dropped

    return done_again(work) == 1


def dropping(customer_id: int) -> Update:
    """Return the statement that drops the address that waits, if there is one."""
    mine = (Customer.id == customer_id, Customer.wanted_email.is_not(None))
    return update(Customer).where(*mine).values(NO_WANTED_EMAIL)


def open_link(token: str) -> bool:
    """Note a mailed link in this session; return False if it no longer works.

    It goes on working elsewhere, since a program that checks mails may have opened it first. It
    does nothing without a click, and lets nobody in.
    """
    hashed = digest(token)
    if _opened()[0] == hashed:
        return True
    link = _link(hashed)
    if link is None:
        return False
    sessions.renew()  # an attacker who planted this session's cookie must not get the link
    session[LINK] = [hashed, link.customer.id, link.email]
    return True


def opened_link() -> Link | None:
    """Return the link that was opened in this session, or `None` if it no longer works."""
    return _link(_opened()[0])


def confirmed() -> tuple[int, str] | None:
    """Return customer and address of this session's opened link, if the address counts already."""
    _hashed, number, email = _opened()
    found = select(Customer.email).where(Customer.id == number, Customer.email == email)
    return (number, email) if email and db.session.scalar(found) else None


def confirm(link: Link) -> None:
    """Make the address of a link the customer's own, and tell the old one.

    Reset links that were mailed to the old address stop working.

    Raises:
        LinkDead: the link no longer works.
        Taken: another customer has the address by now.
    """
    customer, number, old = link.customer, link.customer.id, link.customer.email
    before = (number, old, customer.password_hash)

    def work() -> None:
        confirmed = (
            update(Customer)
            .where(Customer.id == number, Customer.email == old, *_works(link.digest))
            .values(NO_WANTED_EMAIL | {"email": link.email, "email_key": email_key(link.email)})
        )
        try:
            done = rows_hit(db.session.execute(confirmed))
        except IntegrityError:
            db.session.rollback()
            raise Taken from None
        if done != 1:
            db.session.rollback()
            raise LinkDead
        db.session.execute(delete(PasswordReset).where(PasswordReset.customer_id == number))
        undo = undo_links.offer(db.session(), "email", before)
        notices.email_changed(db.session(), customer, old, link.email, undo)
        db.session.commit()

    done_again(work)
    outbox.hand_over()


def _mail_link(customer: Customer, email: str, token: str) -> None:
    other = (Customer.email_key == email_key(email), Customer.id != customer.id)
    owner = db.session.scalar(select(Customer).where(*other))
    link = mailed_address("account.email_link", token=token)
    notices.email_link(db.session(), customer, email, link, owner)


def _waiting_for(token: str) -> dict[str, str | int]:
    return {
        "wanted_email_digest": digest(token),
        "wanted_email_until": now() + current_app.config["EMAIL_SECONDS"],
    }


def _works(hashed: str) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions that the link with this digest works."""
    return (Customer.wanted_email_digest == hashed, Customer.wanted_email_until > now())


def _link(hashed: str) -> Link | None:
    customer = db.session.scalar(select(Customer).where(*_works(hashed))) if hashed else None
    email = customer.wanted_email if customer is not None else None
    return Link(customer, hashed, email) if customer is not None and email else None


def _opened() -> tuple[str, int, str]:
    kept = session.get(LINK)
    return (kept[0], kept[1], kept[2]) if isinstance(kept, list) and len(kept) == 3 else ("", 0, "")


def _count(customer: Customer) -> None:
    """Count a link that is asked for.

    Raises:
        Refused: EMAIL_LINKS were asked for already.
    """
    if not current_app.config["EMAIL_LINKS"]:
        return
    try:
        password_attempts.count(_key(customer), _schedule())
    except PasswordHeld as held:
        raise _too_many(held.until) from None


def _key(customer: Customer) -> str:
    return password_attempts.key("links", customer.id)


def _schedule() -> Schedule:
    """Return the rule: EMAIL_LINKS at will, then none until a day after the last one."""
    most: int = current_app.config["EMAIL_LINKS"]
    return Schedule(free=most, first_wait=DAY, longest_wait=DAY)


def _too_many(until: float) -> Refused:
    return Refused(TOO_MANY, wait=in_words(until - now()))
