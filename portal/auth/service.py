"""Signing in, and replacing a forgotten password by a mailed link."""

import hashlib
import secrets

from flask import current_app, flash, jsonify, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user
from sqlalchemy import delete, func, select

from portal import known_browsers, language, mail, notices, sessions
from portal.account.service import (
    find_customer,
    rehash,
    replace_password,
    verify_nobody,
    verify_password,
)
from portal.errors import wants_json
from portal.extensions import db
from portal.formats import now
from portal.language import _
from portal.models import Customer, PasswordReset, email_key
from portal.passwords import needs_rehash
from portal.twofactor.core.errors import SignInExpired
from portal.twofactor.service import signing_in, tickets
from portal.twofactor.state import current_state
from portal.twofactor.web import marks

LINKS_AT_ONCE = 3


def load_customer(key: str) -> Customer | None:
    """The customer whom the session names."""
    customer = db.session.get(Customer, int(key))
    if customer is not None:
        language.speak_with(customer.id, customer.language)
    return customer


def sign_in_customer(customer: Customer, remember: bool) -> None:
    """Make the session that of the customer; `remember` lets it outlast the browser."""
    version = customer.credential_version
    login_user(customer)
    known_browsers.keep(customer.id, version)
    language.speak_with(customer.id, customer.language)
    session.permanent = remember


def unauthorized() -> ResponseReturnValue:
    """Lead to the sign-in page, and back afterwards when the address can be looked at."""
    if wants_json():
        return jsonify(error="sign_in_required", message=_("Sign in first.")), 403
    target = None
    if request.method in ("GET", "HEAD") and request.path != "/":
        target = request.full_path.rstrip("?")
    return redirect(url_for("auth.login", next=target), 303)


def authenticate(identity: str, password: str) -> Customer | None:
    """The customer with this name or address and this password.

    Whether the name or the password was wrong shows neither in the answer nor in its time.

    Raises:
        PasswordHeld: too many were wrong, for the customer or for a name that nobody has.
    """
    cost = current_app.config["PASSWORD_COST"]
    customer = find_customer(identity)
    if customer is None:
        verify_nobody(identity, password)
        return None
    if not verify_password(customer, password):
        return None
    if needs_rehash(customer.password_hash, cost):
        rehash(customer, password)
    return customer


def is_spared() -> bool:
    """Whether a request is judged though its network address is held.

    So is one of somebody who is signed in, and one in a browser that the customer signed in with
    before: the one who is named at the sign-in page, or whose second step is outstanding.
    """
    if request.endpoint == "auth.login":
        customer = find_customer(request.form.get("identity", ""))
    elif current_user.is_authenticated:
        return True
    else:
        customer = _half_signed_in()
    if customer is None:
        return False
    return known_browsers.digest_of(customer.id, customer.credential_version) is not None


def _half_signed_in() -> Customer | None:
    """The customer whose password was right in this session, and whose code is outstanding."""
    try:
        pending = signing_in.pending(current_state().kit, marks.get(tickets.SIGN_IN))
    except SignInExpired:
        return None
    return db.session.get(Customer, int(pending.user_id))


def request_reset(email: str) -> None:
    """Mail a link to the customer with this address.

    For an address that nobody has, and for one that got its links for this hour, the same is done
    except that no mail arrives: neither answer nor time tells who is a customer.
    """
    customer = db.session.scalar(select(Customer).where(Customer.email_key == email_key(email)))
    number = customer.id if customer is not None else None
    name = customer.display_name if customer is not None else email
    db.session.execute(delete(PasswordReset).where(PasswordReset.expires_at <= now()))
    counted = select(func.count()).where(PasswordReset.customer_id == (number or 0))
    too_many = (db.session.scalar(counted) or 0) >= LINKS_AT_ONCE
    token = secrets.token_urlsafe(32)
    db.session.add(
        PasswordReset(
            token_hash=_hash(token),
            customer_id=None if too_many else number,
            expires_at=now() + current_app.config["RESET_SECONDS"],
        )
    )
    path = current_app.url_map.bind("localhost").build("auth.reset", {"token": token})
    link = current_app.config["PUBLIC_URL"] + path
    decoy = number is None or too_many
    stored = customer.language if customer is not None else None
    notices.reset_requested(db.session(), email, name, stored, link, decoy)
    db.session.commit()
    mail.hand_over()


def customer_of(token: str) -> Customer | None:
    """Whose password the link replaces; None when it was used, has expired or never was."""
    return db.session.scalar(
        select(Customer)
        .join(PasswordReset, PasswordReset.customer_id == Customer.id)
        .where(PasswordReset.token_hash == _hash(token), PasswordReset.expires_at > now())
    )


def reset_password(token: str, customer: Customer, password: str) -> bool:
    """Replace the password and end every session; False when the link was used meanwhile.

    The first to delete the link's row wins; all other links of the customer go with it.
    """
    spent = delete(PasswordReset).where(
        PasswordReset.token_hash == _hash(token),
        PasswordReset.customer_id == customer.id,
        PasswordReset.expires_at > now(),
    )
    if not db.session.execute(spent).rowcount:  # type: ignore[attr-defined]  # for an UPDATE or DELETE it is a CursorResult, which has it
        db.session.rollback()
        return False
    db.session.execute(delete(PasswordReset).where(PasswordReset.customer_id == customer.id))
    replace_password(customer, password)
    sessions.end_all(customer.id)
    flash(_("Your password was changed. Sign in with the new one."), "success")
    return True


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
