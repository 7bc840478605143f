"""Notices by mail to the owner of an account: what happened, when, and what to do about it.

A notice contains no secret. Its links let nobody in: one resets a forgotten password, one undoes
the change that the notice is about, after a click on its page. A notice is queued in the
transaction of the change, so that neither exists without the other, and delivered after the commit.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from flask import Flask
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from portal.i18n import language
from portal.mail import account_texts, browser_texts, outbox, warnings
from portal.mail.letters import Notice, Reader, letter_of, undo_address
from portal.mail.texts import of_change
from portal.models import Customer
from portal.security.retries import written
from portal.twofactor import signals

Writer = Connection | Session
NOBODY = 0  # no customer has this number


def init_app(app: Flask) -> None:
    """Connect the notices to the signals of two-factor authentication."""
    signals.challenge_failed.connect(challenge_failed, sender=app)
    signals.held.connect(held, sender=app)
    for name in signals.CHANGES:
        if name == "imported":
            continue  # sends no mail, and there may be a hundred thousand of them
        signals.BY_NAME[name].connect(hand_over, sender=app)


def write(
    connection: Connection,
    name: signals.ChangeName,
    user_id: str,
    facts: Mapping[str, Any],
    offer: Callable[[], str],
) -> None:
    """Queue the notice of a two-factor change in the transaction of the change.

    `offer` returns the token of the link that undoes the change, empty if there is none. It is
    called only if there is a notice.
    """
    own = facts.get("by") == "recovery"  # only the owner has the recovery code
    told = {key: value for key, value in facts.items() if key not in ("undo", "undo_url")}

    def make() -> Notice | None:
        notice = of_change(name, told)
        return notice and _undoing(notice, offer())

    _tell(connection, user_id, make, own)


def hand_over(_app: Flask, **_facts: Any) -> None:
    """Deliver the queued notice after the commit of the change."""
    outbox.hand_over()


def challenge_failed(_app: Flask, user_id: str, run: int = 0, **_facts: Any) -> None:
    """Warn about wrong codes, once, at the fifth in a row (ALARM_AFTER)."""
    if run == warnings.ALARM_AFTER:
        _warn(user_id, warnings.wrong_codes)


def wrong_passwords(customer_id: int | None, run: int) -> None:
    """Warn about wrong passwords, once, at the tenth in a row (PASSWORDS_ALARM_AFTER).

    `None` for an unknown name does the same work, but sends no mail.
    """
    if run != warnings.PASSWORDS_ALARM_AFTER:
        return
    _warn(str(customer_id or NOBODY), warnings.wrong_passwords, decoy=customer_id is None)


def held(_app: Flask, user_id: str, locked: bool = False, **_facts: Any) -> None:
    """Warn that codes are locked; a wait that ends by itself sends no mail."""
    if locked:
        _warn(user_id, warnings.locked_codes)


def password_changed(writer: Writer, customer: Customer, undo: str) -> None:
    """Queue the notice of a changed password, with the link that undoes it."""
    with _owner_s_language(customer):
        notice = _undoing(account_texts.password_changed(), undo)
        _put(writer, _reader(customer), notice)


def email_asked(writer: Writer, customer: Customer, new: str) -> None:
    """Queue the notice for the current address that a new one is asked for."""
    with _owner_s_language(customer):
        _put(writer, _reader(customer), account_texts.email_asked(new))


def email_link(
    writer: Writer, customer: Customer, new: str, link: str, owner: Customer | None
) -> None:
    """Queue the link that confirms a new address.

    Args:
        writer: the transaction of the change.
        customer: the person who asks for it.
        new: the address.
        link: the link in full.
        owner: another customer who has the address; then this one gets a notice instead.
    """
    if owner is None:
        with _owner_s_language(customer):
            reader = Reader(new, "", customer.time_zone)
            _put(writer, reader, account_texts.email_link(link))
    else:
        with language.speaking(language.of_owner(owner.id, owner.language)):
            _put(writer, _reader(owner), account_texts.email_taken())


def email_changed(writer: Writer, customer: Customer, old: str, new: str, undo: str) -> None:
    """Queue the notice for the old address that a new one has replaced it, with the way back."""
    with _owner_s_language(customer):
        notice = _undoing(account_texts.email_changed(new), undo)
        _put(writer, _reader(customer)._replace(email=old), notice)


def undone(
    writer: Writer,
    customer: Customer,
    email: str,
    deed: account_texts.Undone,
    link: str,
) -> None:
    """Queue the notice of an undone change for the address of before it, with a reset link."""
    with _owner_s_language(customer):
        notice = account_texts.undone(deed, link, customer.time_zone)
        _put(writer, _reader(customer)._replace(email=email), notice)


def account_closed(writer: Writer, customer: Customer) -> None:
    """Queue the notice of a closed account."""
    with _owner_s_language(customer):
        _put(writer, _reader(customer), account_texts.account_closed())


def new_browser(writer: Writer, customer: Customer, undo: str, last: bool = False) -> None:
    """Queue the notice of a sign-in in a new browser.

    Args:
        writer: the transaction that makes the browser known.
        customer: who signed in.
        undo: the token of the link that undoes the sign-in.
        last: whether no mail about further browsers follows today.
    """
    with _owner_s_language(customer):
        _put(writer, _reader(customer), _undoing(browser_texts.new_browser(last), undo))


def new_browser_mails_off(writer: Writer, customer: Customer) -> None:
    """Queue the notice that the customer has turned off the mails about new browsers."""
    with _owner_s_language(customer):
        _put(writer, _reader(customer), browser_texts.mails_off())


def reset_requested(writer: Writer, customer: Customer | None, email: str, link: str) -> None:
    """Queue the link that resets a forgotten password.

    It is in the stored language of the customer, or else in that of the request. `None` for an
    unknown address does the same work, but sends no mail.
    """
    reader = Reader(email, email) if customer is None else _reader(customer)
    stored = customer.language if customer is not None else None
    with language.speaking(language.of_owner(0, stored, own=True)):
        notice = account_texts.reset_requested(link)
        _put(writer, reader, notice, decoy=customer is None)


def _undoing(notice: Notice, token: str) -> Notice:
    """Return a notice with the link of a token, or as it is for an empty one."""
    return notice._replace(undo=undo_address(token)) if token else notice


def _reader(customer: Customer) -> Reader:
    return Reader(customer.email, customer.display_name, customer.time_zone)


def _owner_s_language(customer: Customer) -> AbstractContextManager[None]:
    """Return a context in the language of a customer who makes this request, signed in or not."""
    return language.speaking(language.of_owner(customer.id, customer.language, own=True))


def _warn(user_id: str, make: Callable[[], Notice], decoy: bool = False) -> None:
    """Send a notice on its own connection, without committing the pending work of the request."""
    written(lambda connection: _tell(connection, user_id, make, decoy=decoy))
    outbox.hand_over()


def _tell(
    connection: Connection,
    user_id: str,
    make: Callable[[], Notice | None],
    own: bool = False,
    decoy: bool = False,
) -> None:
    owner = select(
        Customer.email,
        Customer.full_name,
        Customer.username,
        Customer.language,
        Customer.time_zone,
    )
    row = connection.execute(owner.where(Customer.id == int(user_id))).first()
    if row is None and not decoy:
        return
    nobody = ("", "", "", None, None)
    email, full_name, username, stored, zone = nobody if row is None else row
    with language.speaking(language.of_owner(int(user_id), stored, own)):
        notice = make()
        if notice is not None:
            _put(connection, Reader(email, full_name or username, zone), notice, decoy)


def _put(writer: Writer, reader: Reader, notice: Notice, decoy: bool = False) -> None:
    letter = letter_of(notice, reader)
    outbox.put(writer, reader.email, letter.subject, letter.text, letter.html, decoy=decoy)
