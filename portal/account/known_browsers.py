"""Browsers in which a customer has signed in before; wrong passwords are counted for each of them.

So an attacker without the password can't lock the owner out of these browsers. The cookie holds a
random id. The table `known_browser` holds its digest and the credential version at which it was
made. The cookie does not sign anybody in.

A sign-in in any other browser is told to the customer by mail, unless the customer has turned these
mails off.
"""

import hashlib
import secrets

from flask import Response, after_this_request, current_app, has_request_context, request
from sqlalchemy import (
    Connection,
    Delete,
    Update,
    case,
    delete,
    insert,
    literal,
    or_,
    select,
    update,
)

from portal.clock import now
from portal.extensions import db
from portal.mail import notices, outbox
from portal.models import Customer
from portal.models import KnownBrowser as Row
from portal.security import undo_links
from portal.security.database import rows_hit, updated
from portal.security.retries import rows_written, written
from portal.security.sealing import digest

DAY = 24 * 60 * 60
SECONDS = 180 * DAY
MOST = 10  # for each customer; the oldest is removed
MAILS_A_DAY = 5  # for each customer; one more says that no others follow
LONGEST_ID = 64
NAME = "portal_known"


def digest_of(customer_id: int, version: int) -> str | None:
    """Return the digest of this browser's id, or `None` if the customer never signed in here.

    Args:
        customer_id: the customer who signs in.
        version: the version of the customer's credential; ids of other versions are ignored.
    """
    hashed = _sent(customer_id)
    if hashed is None:
        return None
    statement = select(Row.digest).where(
        Row.digest == hashed,
        Row.customer_id == customer_id,
        Row.credential_version == version,
        Row.expires_at > now(),
    )
    with db.engine.connect() as connection:
        return connection.scalar(statement)


def keep(customer: Customer, version: int) -> None:
    """Remember this browser after the customer has completed a sign-in.

    An id is renewed once a day at most. The customer gets a mail about a browser that was not
    known, unless this sign-in has changed the credential: the mail about that change is enough.
    Nothing is stored if the credential has changed meanwhile.
    """
    if not has_request_context():
        return
    number, at = customer.id, now()
    if _renewed(number, version, at):
        return
    browser = secrets.token_urlsafe(32)
    current = select(
        literal(digest(browser)), Customer.id, Customer.credential_version, literal(at + SECONDS)
    ).where(Customer.id == number, Customer.credential_version == version)
    columns = [Row.digest, Row.customer_id, Row.credential_version, Row.expires_at]

    def work(connection: Connection) -> int:
        # Locks the customer first, as the closing of an account does.
        is_told = version != customer.version_read
        count = 0 if is_told else _counted(connection, customer, version, at)
        added = connection.execute(insert(Row).from_select(columns, current)).rowcount
        if added:
            connection.execute(_dropping(number, version, at))
            if 0 < count <= MAILS_A_DAY + 1:
                before = (number, customer.email, customer.password_hash)
                undo = undo_links.offer(connection, "sign_in", before)
                notices.new_browser(connection, customer, undo, last=count > MAILS_A_DAY)
        return added

    if written(work):
        _send(number, browser)
        outbox.hand_over()


def send_mails(customer: Customer, wanted: bool) -> None:
    """Turn the mails about sign-ins in new browsers on or off; turning them off is told by mail."""
    change = (
        update(Customer)
        .where(Customer.id == customer.id, Customer.new_browser_mails.is_not(wanted))
        .values(new_browser_mails=wanted)
    )

    def work(connection: Connection) -> None:
        if rows_hit(connection.execute(change)) and not wanted:
            notices.new_browser_mails_off(connection, customer)

    written(work)
    outbox.hand_over()


def _counted(connection: Connection, customer: Customer, version: int, at: int) -> int:
    """Count a sign-in in a new browser; return how many there were in a day, 0 to send no mail.

    The first sign-in ever is no news.
    """
    if not customer.new_browser_mails:
        return 0
    count, since = Customer.new_browsers, Customer.new_browsers_since
    is_over = since <= at - DAY
    counting = (
        update(Customer)
        .where(Customer.id == customer.id, Customer.credential_version == version)
        .values(
            new_browsers=case((count.is_(None), 0), (is_over, 1), else_=count + 1),
            new_browsers_since=case((is_over, at), else_=since),
        )
    )
    return updated(connection, counting, count, Customer.id == customer.id) or 0


def carrying_over(customer_id: int) -> Update | None:
    """Return the statement that keeps this browser known after a change made in it.

    Run it after the statement that raises the version. It changes nothing for a browser that was
    not known at the version before. `None` if the request has no id of a browser.
    """
    hashed = _sent(customer_id) if has_request_context() else None
    if hashed is None:
        return None
    version = (
        select(Customer.credential_version).where(Customer.id == customer_id).scalar_subquery()
    )
    return (
        update(Row)
        .where(
            Row.digest == hashed,
            Row.customer_id == customer_id,
            Row.credential_version == version - 1,
        )
        .values(credential_version=version)
    )


def carry_over(customer_id: int) -> None:
    """Run the statement of `carrying_over` in its own transaction."""
    statement = carrying_over(customer_id)
    if statement is not None:
        rows_written(statement)


def cookie_name(customer_id: int) -> str:
    """Return the name of the cookie; each customer has one, since people may share a browser."""
    tag = hashlib.sha256(f"known browser {customer_id}".encode()).hexdigest()
    name = f"{NAME}_{tag[:12]}"
    return f"__Host-{name}" if current_app.config["SESSION_COOKIE_SECURE"] else name


def _renewed(customer_id: int, version: int, at: int) -> bool:
    """Return whether this browser is known; extend its expiry at most once a day."""
    hashed = _sent(customer_id)
    if hashed is None:
        return False
    mine = (
        Row.digest == hashed,
        Row.customer_id == customer_id,
        Row.credential_version == version,
        Row.expires_at > at,
    )
    with db.engine.connect() as connection:
        end = connection.scalar(select(Row.expires_at).where(*mine))
    if end is not None and end <= at + SECONDS - DAY:
        rows_written(update(Row).where(*mine).values(expires_at=at + SECONDS))
        _send(customer_id, request.cookies[cookie_name(customer_id)])
    return end is not None


def _dropping(customer_id: int, version: int, at: int) -> Delete:
    """Return the statement that removes expired and outdated rows, and all but the newest MOST."""
    newest = (
        select(Row.digest)
        .where(Row.customer_id == customer_id, Row.credential_version == version)
        .order_by(Row.expires_at.desc(), Row.digest)
        .limit(MOST)
        .subquery()  # MySQL takes no LIMIT right within IN
    )
    return delete(Row).where(
        Row.customer_id == customer_id,
        or_(Row.expires_at <= at, Row.digest.not_in(select(newest.c.digest))),
    )


def _sent(customer_id: int) -> str | None:
    """Return the digest of the cookie's id, or `None` for no id or one over LONGEST_ID."""
    value = request.cookies.get(cookie_name(customer_id), "")
    return digest(value) if 0 < len(value) <= LONGEST_ID else None


def _send(customer_id: int, browser: str) -> None:
    name, secure = cookie_name(customer_id), current_app.config["SESSION_COOKIE_SECURE"]

    @after_this_request
    def send(response: Response) -> Response:
        response.set_cookie(
            name, browser, max_age=SECONDS, secure=secure, httponly=True, samesite="Lax"
        )
        return response
