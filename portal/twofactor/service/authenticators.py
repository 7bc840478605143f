"""Use cases: add, rename and remove the authenticators of a user.

A challenge accepts a code of any of them. They share the rolling budget of wrong codes, so another
authenticator does not make guessing easier (`throttle.codes`). Only deactivation removes the last.
"""

import hashlib
from dataclasses import dataclass, field

from ..core import changes, throttle, vault
from ..core.answers import Answer
from ..core.areas import AUTHENTICATORS
from ..core.errors import (
    EnrolmentExpired,
    LastAuthenticator,
    NameUnusable,
    NotOn,
    TooManyAuthenticators,
    UnknownAuthenticator,
)
from ..core.records import Account, Authenticator, Subject
from ..methods.registry import TOTP
from ..storage.transaction import Transaction
from . import known_browsers, tickets, verification
from .context import Kit

MOST = throttle.MOST_AUTHENTICATORS
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Addition:
    """An authenticator that is being added, for the page that shows its secret.

    Args:
        secret: the shared secret, 20 bytes.
        name: name of the authenticator, chosen by the user.
    """

    secret: bytes = field(repr=False)
    name: str


def begin(kit: Kit, subject: Subject, answer: Answer, name: str) -> str:
    """Make the secret of another authenticator; takes a code of any enrolled authenticator.

    Returns:
        The ticket's id, for the session.

    Raises:
        NameUnusable: the code was neither judged nor counted.
        TooManyAuthenticators: the user must remove an authenticator first.
        CodeWrong, CodeReused, Held, NotOn: as `verification.verify`.
    """
    name = _plain(name)
    data = {"secret": TOTP.new_secret().hex(), "name": name}

    def work(transaction: Transaction) -> str:
        account = _account(kit, transaction, subject)
        _check_room(account)
        _check_free(account, name)
        verification.verify(kit, transaction, subject, answer, AUTHENTICATORS.key, account)
        seconds, bound = kit.settings.enrolment_seconds, (subject.credential,)
        kind = tickets.AUTHENTICATOR
        transaction.drop_unfinished(subject.user_id, kind, kit.clock())
        made = tickets.made(kit, kind, subject.user_id, seconds, data=data, bound=bound)
        return tickets.issue(transaction, made)

    return verification.judged(kit, work, AUTHENTICATORS.key, lambda _: subject.user_id)


def resume(kit: Kit, subject: Subject, ticket_id: str | None) -> Addition:
    """Return the unfinished addition of a ticket, with the same secret each time.

    Raises:
        EnrolmentExpired: the addition has expired, was finished, is another user's or was begun
            with another credential.
    """
    data = tickets.unfinished(kit, tickets.AUTHENTICATOR, subject, ticket_id)
    return Addition(bytes.fromhex(data["secret"]), data["name"])


def confirm(kit: Kit, subject: Subject, ticket_id: str | None, answer: Answer) -> str:
    """Add the new authenticator with its first right code, and use that code up.

    This ends the user's passes, open views and trusted browsers.

    Returns:
        The name of the authenticator.

    Raises:
        CodeWrong, ClockOff: the authenticator is not added yet; try again.
        EnrolmentExpired, NotOn, TooManyAuthenticators, NameUnusable: begin again.
    """
    addition = resume(kit, subject, ticket_id)
    step = TOTP.first_number(addition.secret, answer, kit.clock(), kit.settings.window)
    number = id_of(ticket_id)
    authenticator = new(kit, subject.user_id, addition.secret, addition.name, step, number)
    hashed = tickets.digest(ticket_id or "", subject.credential)

    def work(transaction: Transaction) -> None:
        account = _account(kit, transaction, subject)
        _check_room(account)
        _check_free(account, addition.name)
        kind = tickets.AUTHENTICATOR
        if transaction.take_ticket(hashed, kind, subject.user_id, kit.clock()) is None:
            raise EnrolmentExpired("addition over")
        transaction.add_authenticator(authenticator)
        _end_others(transaction, subject)
        transaction.change(subject, changes.AuthenticatorAdded(addition.name))

    kit.store.run(work)
    return addition.name


def rename(kit: Kit, subject: Subject, authenticator_id: str, name: str) -> None:
    """Rename an authenticator; no code needed.

    Raises:
        NameUnusable, UnknownAuthenticator, NotOn: the name is not changed.
    """
    name = _plain(name)

    def work(transaction: Transaction) -> None:
        account = _account(kit, transaction, subject)
        found = find(account, authenticator_id)
        if found.name == name:
            return
        _check_free(account, name)
        transaction.name_authenticator(found, name)
        detail = f"{found.name} → {name}"
        transaction.record(kit.event(subject, "authenticator_renamed", detail=detail))

    kit.store.run(work)


def remove(kit: Kit, subject: Subject, authenticator_id: str, answer: Answer) -> str:
    """Remove an authenticator; takes a code of another authenticator.

    Its own codes are refused, so that the removal shows possession of an authenticator that stays.

    Returns:
        The name of the removed authenticator.

    Raises:
        UnknownAuthenticator, LastAuthenticator: the code was neither judged nor counted.
        CodeWrong, CodeReused, OwnCode, Held, NotOn: as `verification.verify`.
    """

    def work(transaction: Transaction) -> str:
        account = _account(kit, transaction, subject)
        found = find(account, authenticator_id)
        if len(account.authenticators) == 1:
            raise LastAuthenticator("the last one")
        key = AUTHENTICATORS.key
        verification.verify(kit, transaction, subject, answer, key, account, barred=found.id)
        transaction.remove_authenticator(found, account)
        _end_others(transaction, subject)
        transaction.change(subject, changes.AuthenticatorRemoved(found.name))
        return found.name

    return verification.judged(kit, work, AUTHENTICATORS.key, lambda _: subject.user_id)


def find(account: Account, authenticator_id: str) -> Authenticator:
    """Return an authenticator of an account by its id.

    Raises:
        UnknownAuthenticator: the account has no authenticator with this id.
    """
    for authenticator in account.authenticators:
        if authenticator.id == authenticator_id:
            return authenticator
    raise UnknownAuthenticator("no such authenticator")


def id_of(ticket_id: str | None) -> str:
    """Return the id of the authenticator that an enrolment makes.

    It follows from the ticket's random id, so that a form that is sent twice finds what it made.
    """
    return hashlib.sha256(f"authenticator\0{ticket_id}".encode()).hexdigest()[:32]


def added(kit: Kit, user_id: str, ticket_id: str | None) -> Authenticator | None:
    """Return the authenticator that an addition has made, `None` if it made none."""
    account = kit.store.account(user_id)
    made = id_of(ticket_id)
    found = account.authenticators if account is not None else ()
    return next((each for each in found if each.id == made), None)


def is_under_way(kit: Kit, subject: Subject, name: str) -> bool:
    """Return whether an authenticator of this name was begun a moment ago."""
    data = tickets.just_begun(kit, tickets.AUTHENTICATOR, subject)
    return data is not None and data["name"] == _plain(name)


def new(
    kit: Kit, user_id: str, secret: bytes, name: str, step: int, authenticator_id: str
) -> Authenticator:
    """Return a new authenticator that used `step`, with the secret sealed for its row."""
    now = int(kit.clock())
    return Authenticator(
        id=authenticator_id,
        user_id=user_id,
        kind=TOTP.kind,
        name=name,
        sealed=kit.vault.seal(secret, vault.AUTHENTICATOR, user_id, authenticator_id),
        last_step=step,
        created_at=now,
        last_used_at=now,
    )


def _account(kit: Kit, transaction: Transaction, subject: Subject) -> Account:
    account = known_browsers.account(kit, transaction, subject)
    if account is None:
        raise NotOn("no second factor")
    return account


def _check_room(account: Account) -> None:
    if len(account.authenticators) >= MOST:
        raise TooManyAuthenticators(MOST)


def _check_free(account: Account, name: str) -> None:
    if any(each.name.casefold() == name.casefold() for each in account.authenticators):
        raise NameUnusable("taken")


def _end_others(transaction: Transaction, subject: Subject) -> None:
    """Remove the user's tickets, except proofs of the password and this known browser."""
    known = known_browsers.digest(subject)
    transaction.drop_tickets(subject.user_id, spare=tickets.PASSWORD, known=known)


def _plain(name: str) -> str:
    """Return the name in one line, without invisible characters.

    Raises:
        NameUnusable: the result is empty or too long.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not name:
        raise NameUnusable("empty")
    if len(name) > LONGEST_NAME:
        raise NameUnusable("long")
    return name
