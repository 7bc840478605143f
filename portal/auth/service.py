"""The use cases of signing in and of resetting a forgotten password with a mailed link."""

import secrets
from dataclasses import dataclass

from flask import current_app, flash, jsonify, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user
from sqlalchemy import ColumnElement, delete, exists, or_, select, update

from portal import sessions
from portal.account import known_browsers, time_zones
from portal.account.credentials import Overtaken, version_of
from portal.account.customers import find_customer
from portal.account.service import rehash, replace_password, verify_nobody, verify_password
from portal.clock import now
from portal.extensions import db, twofactor
from portal.i18n import language, zones
from portal.i18n.language import _
from portal.mail import notices, outbox
from portal.mail.letters import mailed_address
from portal.models import Customer, PasswordReset
from portal.rules.email_addresses import email_key
from portal.rules.passwords import needs_rehash
from portal.rules.refusal import later
from portal.security import network_throttle
from portal.security.database import rows_hit
from portal.security.retries import done_again
from portal.security.sealing import digest
from portal.sessions.interface import USER
from portal.web import kept_forms, refused_forms
from portal.web.errors import wants_json

CHANGED = later("Your password is changed. Sign in with the new one.")
LINK = "_reset"  # in the session: the digest of a link that was opened, and the ticket it gave


@dataclass(frozen=True, slots=True)
class Link:
    """A mailed link that still works: the customer has changed neither e-mail address nor password
    nor second factor since.
    """

    customer: Customer
    ticket_hash: str
    credential_version: int
    email: str


class LinkDead(Exception):
    """The link was used, has expired, or the customer has changed since."""


def load_customer(key: str) -> Customer | None:
    """Return the customer of the session, unless their credential has changed since the sign-in."""
    customer = db.session.get(Customer, int(key))
    if session.get(USER) == key and (
        customer is None or sessions.stamp_of(customer.id) != version_of(customer)
    ):
        sessions.leave()
        return None
    if customer is not None:
        language.speak_with(customer.id, customer.language)
        zones.show_in(customer.time_zone)
    return customer


def sign_in_customer(customer: Customer, remember: bool) -> None:
    """Sign the customer in to this session; `remember` keeps it after the browser closes."""
    version = version_of(customer)
    session.clear()  # what was kept here may be another customer's
    login_user(customer)
    known_browsers.keep(customer, version)
    language.speak_with(customer.id, customer.language)
    zones.note_sent()
    time_zones.keep(customer)
    sessions.begin(version, remember)
    kept_forms.note_owner(customer.id)


def unauthorized() -> ResponseReturnValue:
    """Redirect to the sign-in page; a page asked for by GET or HEAD opens after the sign-in."""
    if wants_json():
        return jsonify(error="sign_in_required", message=_("Sign in first.")), 403
    if request.method == "POST" and request.form:
        return refused_forms.lead_through_sign_in()
    target = None
    if request.method in ("GET", "HEAD") and request.path != "/":
        target = request.full_path.rstrip("?")
    if sessions.has_ended():
        flash(_(refused_forms.SENTENCES[refused_forms.SIGNED_OUT]), "warning")
    return redirect(url_for("auth.login", next=target), 303)


def authenticate(identity: str, password: str) -> Customer | None:
    """Return the customer with this name or address and this password, or `None`.

    Neither the answer nor its time shows whether the name or the password was wrong.

    Raises:
        PasswordHeld: too many were wrong, for the customer or for an unknown name.
    """
    cost = current_app.config["PASSWORD_COST"]
    customer = find_customer(identity)
    if customer is None:
        verify_nobody(identity, password)
        return None
    read = customer.password_hash
    if not verify_password(customer, password):
        return None
    if needs_rehash(read, cost):
        rehash(customer.id, read, password)
    return customer


def is_spared() -> bool:
    """Return whether a request goes ahead although its network address is held.

    It does if the sender is signed in, or signs in with a passkey alone, which nobody guesses. It
    also does in a browser in which the customer has signed in before: the customer named on the
    sign-in page, or the one whose second step is pending.
    """
    if request.endpoint == "auth.login":
        customer = find_customer(request.form.get("identity", ""))
    elif current_user.is_authenticated or twofactor.signs_in_alone():
        return True
    else:
        customer = _half_signed_in()
    if customer is None:
        return False
    return known_browsers.digest_of(customer.id, customer.credential_version) is not None


def _half_signed_in() -> Customer | None:
    """Return the customer who has entered the password in this session but not yet the code."""
    user_id = twofactor.pending_user()
    return None if user_id is None else db.session.get(Customer, int(user_id))


def request_reset(email: str) -> None:
    """Mail a reset link to the stored address of the customer; older links stop working.

    An unknown address causes the same work but no mail, so neither the answer nor its time shows
    who is a customer. Each request counts against the network address it comes from.
    """
    network_throttle.note()

    def work() -> None:
        # Locked, so that two requests at once run one after the other, and the later link works.
        asked = select(Customer).where(Customer.email_key == email_key(email)).with_for_update()
        customer = db.session.scalar(asked)
        number = customer.id if customer is not None else None
        old = or_(PasswordReset.expires_at <= now(), PasswordReset.customer_id == (number or 0))
        db.session.execute(delete(PasswordReset).where(old))
        version = version_of(customer) if customer is not None else 0
        link = write_link(number, version, customer.email if customer is not None else "")
        notices.reset_requested(db.session(), customer, email, link)
        db.session.commit()

    done_again(work)
    outbox.hand_over()


def write_link(customer_id: int | None, version: int, email: str) -> str:
    """Write a reset link in the transaction of `db.session`, and return its address for the mail.

    Args:
        customer_id: the customer, `None` for nobody.
        version: the version of the credential; the link ends when it changes.
        email: the address of the customer; the link ends when it changes.
    """
    token = secrets.token_urlsafe(32)
    db.session.add(
        PasswordReset(
            token_hash=digest(token),
            customer_id=customer_id,
            expires_at=now() + current_app.config["RESET_SECONDS"],
            credential_version=version,
            email=email,
        )
    )
    return mailed_address("auth.reset", token=token)


def open_link(token: str) -> bool:
    """Exchange a mailed link for a ticket in this session; return False if the link is invalid.

    From then on, the link in logs and in the mail no longer works, except in the session that
    exchanged it.
    """
    hashed = digest(token)
    if _opened()[0] == hashed:
        return True
    ticket = secrets.token_urlsafe(32)
    exchanged = (
        update(PasswordReset)
        .where(
            PasswordReset.token_hash == hashed, exists().where(*_holds()).correlate(PasswordReset)
        )
        .values(token_hash=digest(ticket))
        .execution_options(synchronize_session=False)
    )

    def work() -> bool:
        done = rows_hit(db.session.execute(exchanged)) == 1
        db.session.commit()
        return done

    if not done_again(work):
        return False
    sessions.renew()  # an attacker who planted this session's cookie must not get the ticket
    session[LINK] = [hashed, ticket]
    return True


def opened_link() -> Link | None:
    """Return the link that was opened in this session, or `None` if it was used or has expired."""
    hashed = digest(_opened()[1])
    found = select(Customer, PasswordReset.credential_version, PasswordReset.email).where(
        PasswordReset.token_hash == hashed, *_holds()
    )
    row = db.session.execute(found).first()
    return Link(row[0], hashed, row[1], row[2]) if row is not None else None


def reset_password(link: Link, password: str, proved: bool = False) -> None:
    """Replace the password and end every session; a known browser stays known if it is this one.

    Of two changes at the same time, only the first succeeds.

    Args:
        link: the link that was opened.
        password: the new password, which has been checked.
        proved: whether a former password was given, where one is asked for.

    Raises:
        LinkDead: the link no longer works; the password stays.
    """
    customer, number = link.customer, link.customer.id
    ground = (
        Customer.credential_version == link.credential_version,
        Customer.email == link.email,
        exists().where(PasswordReset.token_hash == link.ticket_hash),
        *(() if proved else (Customer.reset_proof.is_(None),)),
    )
    try:
        replace_password(customer, password, *ground, proved=True)
    except Overtaken:
        forget_link()
        raise LinkDead from None
    # Else wrong passwords of strangers would hold the owner in the own browser, too.
    known_browsers.carry_over(number)
    forget_link()
    sessions.end_all(number)
    flash(_(CHANGED), "success")


def forget_link() -> None:
    """Forget the link that was opened in this session."""
    session.pop(LINK, None)


def _opened() -> tuple[str, str]:
    """Return the digest of the link that was opened in this session, and its ticket."""
    kept = session.get(LINK)
    return (kept[0], kept[1]) if isinstance(kept, list) and len(kept) == 2 else ("", "")


def _holds() -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions that a link is unexpired and its customer unchanged."""
    return (
        PasswordReset.expires_at > now(),
        Customer.id == PasswordReset.customer_id,
        Customer.credential_version == PasswordReset.credential_version,
        Customer.email == PasswordReset.email,
    )
