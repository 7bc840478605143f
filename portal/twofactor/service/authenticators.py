"""Several authenticators of one user: another phone is added, named, and taken away again.

Any of them answers a challenge. They share the rolling budget of wrong codes, so a second phone
does not make guessing easier (`throttle.codes`). The last one is removed by deactivating.
"""

import secrets
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
    """An authenticator that is being added: what its page shows until its first right code.

    Args:
        secret: the shared secret, 20 bytes.
        name: what the person calls it.
    """

    secret: bytes = field(repr=False)
    name: str


def begin(kit: Kit, subject: Subject, answer: Answer, name: str) -> str:
    """Make the secret of a further authenticator, for whoever has a code of one that counts.

    Returns:
        The ticket's id, for the session.

    Raises:
        NameUnusable: not judged, not counted.
        TooManyAuthenticators: one has to be removed first.
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
    """What was begun, with the same secret each time.

    Raises:
        EnrolmentExpired: over, finished, another user's, or begun with another credential.
    """
    data = tickets.unfinished(kit, tickets.AUTHENTICATOR, subject, ticket_id)
    return Addition(bytes.fromhex(data["secret"]), data["name"])


def confirm(kit: Kit, subject: Subject, ticket_id: str | None, answer: Answer) -> str:
    """Let the new authenticator count with its first right code, which is thereby used up.

    Passes, open views and trusted browsers of before are over.

    Returns:
        Its name.

    Raises:
        CodeWrong, ClockOff: it does not count yet; try again.
        EnrolmentExpired, NotOn, TooManyAuthenticators, NameUnusable: begin again.
    """
    addition = resume(kit, subject, ticket_id)
    step = TOTP.first_number(addition.secret, answer, kit.clock(), kit.settings.window)
    authenticator = new(kit, subject.user_id, addition.secret, addition.name, step)
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
    """Call an authenticator otherwise; that asks for no code.

    Raises:
        NameUnusable, UnknownAuthenticator, NotOn: it keeps its name.
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
    """Let an authenticator count no more, with a code of another one.

    A code of its own would let whoever has the phone alone take away the one that is left to the
    owner.

    Returns:
        The name it had.

    Raises:
        UnknownAuthenticator, LastAuthenticator: not judged, not counted.
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
    """One of the account's authenticators.

    Raises:
        UnknownAuthenticator: it is not this user's, or gone.
    """
    for authenticator in account.authenticators:
        if authenticator.id == authenticator_id:
            return authenticator
    raise UnknownAuthenticator("no such authenticator")


def new(kit: Kit, user_id: str, secret: bytes, name: str, step: int) -> Authenticator:
    """The row of an authenticator whose code of `step` was right; the secret is sealed to it."""
    authenticator_id, now = secrets.token_hex(16), int(kit.clock())
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
    """End what was begun with other authenticators; this browser stays a known one."""
    known = known_browsers.digest(subject)
    transaction.drop_tickets(subject.user_id, spare=tickets.PASSWORD, known=known)


def _plain(name: str) -> str:
    """The name in one line, without what can't be seen.

    Raises:
        NameUnusable: nothing is left of it, or it is too long.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not name:
        raise NameUnusable("empty")
    if len(name) > LONGEST_NAME:
        raise NameUnusable("long")
    return name
