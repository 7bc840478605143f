"""Undo a change with the link of its mail: say what it will do, then do all of it at once.

The link lets nobody in. Everybody is signed out, the password of now no longer works, and the
address that the link was mailed to gets another link, for a new password.
"""

import logging
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from flask import current_app, session
from sqlalchemy import delete, exists, select
from sqlalchemy.exc import IntegrityError

from portal import sessions
from portal.account.credentials import raise_version
from portal.auth import former
from portal.auth.service import write_link
from portal.auth.undo_sentences import Address, Deed
from portal.extensions import db, twofactor
from portal.mail import notices, outbox
from portal.models import Customer, PasswordReset
from portal.rules.email_addresses import email_key
from portal.rules.passwords import hash_password
from portal.security import undo_links
from portal.security.retries import done_again
from portal.security.undo_links import UndoLink
from portal.twofactor import UndoOver

# In the session: the token of an opened link, what was done, and the number of its link.
OPENED, DONE, DONE_LINK = "_undo", "_undone", "_undone_link"
NOWHERE = "account-%d@nobody.invalid"  # an address that gets no mail (RFC 6761)
log = logging.getLogger(__name__)


class LinkDead(Exception):
    """The link was used, has expired, or an earlier change was undone."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A link that works, with the customer, and what it does."""

    token: str
    link: UndoLink
    customer: Customer
    deed: Deed


def keep(token: str) -> bool:
    """Keep an opened link in this session; return False if it works no longer.

    It works elsewhere too, as programs open mailed links. So the token leaves the address bar and
    what the browser remembers. One that works no longer is not kept: the page of another link may
    be open in a second tab.
    """
    if session.get(OPENED) == token:
        return True
    if _plan(token) is None:
        return False
    sessions.renew()  # an attacker who planted this session's cookie must not get the link
    session[OPENED] = token
    session.pop(DONE, None)
    return True


def opened() -> Plan | None:
    """Return what the link that this session has opened does, `None` if it works no longer."""
    return _plan(str(session.get(OPENED, "")))


def _plan(token: str) -> Plan | None:
    link = undo_links.find(db.session(), token)
    customer = db.session.get(Customer, link.customer_id) if link is not None else None
    if link is None or customer is None:
        return None
    if link.kind != "twofactor":
        return Plan(token, link, customer, _deed(link, customer))
    found = twofactor.undoing(token)
    if found is None:
        return None
    return Plan(token, link, customer, _deed(link, customer, found, found.lowers))


def done() -> Deed | None:
    """Return what this session has undone with the link that it has opened."""
    kept = session.get(DONE)
    return Deed.of_data(kept) if isinstance(kept, dict) else None


def done_link() -> int:
    """Return the number of the link with which this session has undone a change, 0 for none."""
    number = session.get(DONE_LINK)
    return number if isinstance(number, int) else 0


def undo(plan: Plan) -> None:
    """Do what the plan says, and queue the mail about it, in one transaction.

    Raises:
        LinkDead: the link was used meanwhile; nothing was done.
    """
    unusable = hash_password(secrets.token_urlsafe(32), current_app.config["PASSWORD_COST"])

    def work() -> Deed:
        return _undo(plan, unusable)

    try:
        try:
            deed = done_again(work)
        except IntegrityError:  # somebody has just taken the address of before
            db.session.rollback()
            deed = done_again(work)
    except LinkDead:
        db.session.rollback()
        raise
    number = plan.link.customer_id
    sessions.end_all(number)
    session.pop(OPENED, None)
    session[DONE], session[DONE_LINK] = deed.as_data(), plan.link.number
    log.warning("change undone", extra={"user_id": number, "change": deed.what})
    outbox.hand_over()


def _undo(plan: Plan, unusable: str) -> Deed:
    """Undo a change in one transaction: the blueprint's rows first, then the customer's."""
    link, writer = plan.link, db.session()
    if not undo_links.use(writer, link):
        raise LinkDead
    found, lowered = None, False
    if link.kind == "twofactor":
        try:
            found = twofactor.undo(plan.token, writer.connection())
        except UndoOver:
            raise LinkDead from None
        lowered = found.lowered
    else:
        twofactor.revoke_tickets(plan.customer, writer.connection())
    customer = writer.get_one(
        Customer, link.customer_id, populate_existing=True, with_for_update=True
    )
    deed = _deed(link, customer, found, lowered)
    address, values = _put_back(link, deed.address)
    if lowered and customer.reset_proof is None:
        values["reset_proof"] = former.sealed(undo_links.former_passwords(writer, link))
    version = raise_version(writer, customer.id, password_hash=unusable, **values)
    undo_links.end_later(writer, link)
    writer.execute(sessions.ending_others(customer.id))  # this one ends with its version
    writer.execute(delete(PasswordReset).where(PasswordReset.customer_id == customer.id))
    reset = write_link(customer.id, version, address or customer.email)
    notices.undone(writer, customer, link.email, deed, reset)
    writer.commit()
    return deed


def _put_back(link: UndoLink, address: Address) -> tuple[str, dict[str, Any]]:
    """Return the new e-mail address, empty if it stays, and the columns that change with it."""
    if address == "stays":
        return "", {}
    email = link.email if address == "back" else NOWHERE % link.customer_id
    return email, {"email": email, "email_key": email_key(email)}


def _deed(link: UndoLink, customer: Customer, found: Any = None, lowers: bool = False) -> Deed:
    """Return what undoing a change does; `found` is what the blueprint says about it."""
    address: Address = "stays"
    if customer.email != link.email:
        others = (Customer.email_key == email_key(link.email), Customer.id != customer.id)
        taken = db.session.scalar(select(exists().where(*others)))
        address = "taken" if taken else "back"
    factor = {} if found is None else asdict(found.puts_back)
    return Deed(
        what=link.kind if found is None else found.what,
        device="" if found is None else str(found.facts.get("authenticator", "")),
        at=link.made_at,
        email=link.email,
        address=address,
        factor=factor,
        asks=lowers or customer.reset_proof is not None,
    )
