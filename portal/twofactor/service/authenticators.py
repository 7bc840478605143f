"""Use cases: add, rename and remove the authenticators of a user.

A challenge accepts an answer of any of them. Apps share the rolling budget of wrong codes, so
another one does not make guessing easier (`throttle.codes`). Only deactivation removes the last.
"""

import hashlib
from dataclasses import dataclass, field, replace

from ..core import changes
from ..core.answers import Answer, Assertion
from ..core.areas import AUTHENTICATORS
from ..core.errors import (
    EnrolmentExpired,
    LastAuthenticator,
    NotOn,
    TooManyAuthenticators,
    UnknownAuthenticator,
)
from ..core.passkey_errors import LastPasskey, TooManyPasskeys
from ..core.records import Account, Authenticator, Subject, labelled
from ..methods import registry
from ..methods.base import FirstAnswer
from ..storage.transaction import Transaction
from . import known_browsers, names, tickets, undo, verification
from .context import Kit
from .judging import demands, stored
from .judging.terms import terms_of


@dataclass(frozen=True, slots=True)
class Addition:
    """An authenticator that is being added, for the page that shows its secret.

    Args:
        secret: of the authenticator (`Method.new_secret`), bytes.
        name: name of the authenticator, chosen by the user; empty for the method's own.
        kind: kind of the authenticator.
        hint: way of making it that the person chose, see `methods.base.Naming`.
        by: what vouched for the person: "code" or "passkey".
    """

    secret: bytes = field(repr=False)
    name: str
    kind: str = registry.APP
    hint: str = ""
    by: str = "code"


def begin(
    kit: Kit,
    subject: Subject,
    answer: Answer,
    name: str,
    kind: str = registry.APP,
    hint: str = "",
) -> str:
    """Make the secret of another authenticator; takes an answer of any enrolled authenticator.

    Args:
        kit: the application's parts.
        subject: user, browser and request.
        answer: a code or an assertion.
        name: name of the new authenticator; a passkey gets a name of its own if it is empty.
        kind: kind of the new authenticator.
        hint: see `methods.base.Naming`.

    Returns:
        The ticket's id, for the session.

    Raises:
        NameUnusable: the answer was neither judged nor counted.
        TooManyAuthenticators: the user must remove an authenticator first.
        CodeWrong, CodeReused, Held, PasskeyRefusal, NotOn: as `verification.verify`.
    """
    name = names.plain(name) if name.strip() or kind == registry.APP else ""

    def work(transaction: Transaction) -> str:
        account = _account(kit, transaction, subject)
        _check_room(account, kind)
        if name:
            names.check_free(account, name)
        key = AUTHENTICATORS.key
        proof = verification.verify(kit, transaction, subject, answer, key, account)
        by = _voucher(kit, find(account, proof.authenticator), answer)
        return issue(kit, transaction, subject, account, name, kind, hint, by)

    return verification.judged(kit, work, answer, AUTHENTICATORS.key, lambda _: subject.user_id)


def issue(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    account: Account | None,
    name: str,
    kind: str,
    hint: str,
    by: str,
) -> str:
    """Make the secret of another authenticator, sealed in a ticket, which replaces unfinished ones.

    Nothing is judged here; the arguments are those of `begin` and `Addition`.

    Returns:
        The ticket's id, for the session.
    """
    secret = registry.method(kind).new_secret(stored.sound(kit, account, kind)).hex()
    data = {"secret": secret, "name": name, "kind": kind, "hint": hint, "by": by}
    seconds, bound = kit.settings.enrolment_seconds, (subject.credential,)
    of_ticket = tickets.AUTHENTICATOR
    transaction.drop_unfinished(subject.user_id, of_ticket, kit.clock())
    made = tickets.made(kit, of_ticket, subject.user_id, seconds, data=data, bound=bound)
    return tickets.issue(transaction, made)


def resume(kit: Kit, subject: Subject, ticket_id: str | None) -> Addition:
    """Return the unfinished addition of a ticket, with the same secret each time.

    Raises:
        EnrolmentExpired: the addition has expired, was finished, is another user's or was begun
            with another credential.
    """
    data = tickets.unfinished(kit, tickets.AUTHENTICATOR, subject, ticket_id)
    secret, name = bytes.fromhex(data["secret"]), data["name"]
    kind, hint = data.get("kind", registry.APP), data.get("hint", "")
    return Addition(secret, name, kind, hint, data.get("by", "code"))


def confirm(kit: Kit, subject: Subject, ticket_id: str | None, answer: FirstAnswer) -> str:
    """Add the new authenticator with its first right answer, and use that answer up.

    This ends the user's passes, open views and trusted browsers.

    Returns:
        The name of the authenticator.

    Raises:
        CodeWrong, ClockOff, PasskeyRefusal: the authenticator is not added yet; try again.
        EnrolmentExpired, NotOn, TooManyAuthenticators, NameUnusable: begin again.
    """
    addition = resume(kit, subject, ticket_id)
    method = registry.method(addition.kind)
    first = method.first(addition.secret, answer, terms_of(kit), addition.by)
    made = stored.new(kit, subject.user_id, addition.kind, first, id_of(ticket_id))
    hashed = tickets.digest(ticket_id or "", subject.credential)

    def work(transaction: Transaction) -> str:
        account = _account(kit, transaction, subject)
        _check_room(account, addition.kind)
        name = addition.name or names.free(account, made.name)
        names.check_free(account, name)
        of_ticket = tickets.AUTHENTICATOR
        stored.check_free(transaction, made)
        if transaction.take_ticket(hashed, of_ticket, subject.user_id, kit.clock()) is None:
            raise EnrolmentExpired("addition over")
        transaction.add_authenticator(replace(made, name=name))
        _end_others(transaction, subject)
        added = changes.AuthenticatorAdded(name, made.kind)
        undo.change(kit, transaction, subject, account, added)
        return name

    return kit.store.run(work)


def rename(kit: Kit, subject: Subject, authenticator_id: str, name: str) -> None:
    """Rename an authenticator; no code needed.

    Raises:
        NameUnusable, UnknownAuthenticator, NotOn: the name is not changed.
    """
    name = names.plain(name)

    def work(transaction: Transaction) -> None:
        account = _account(kit, transaction, subject)
        found = find(account, authenticator_id)
        if found.name == name:
            return
        names.check_free(account, name)
        transaction.name_authenticator(found, name)
        detail = labelled(found.kind, f"{found.name} → {name}")
        transaction.record(kit.event(subject, "authenticator_renamed", detail=detail))

    kit.store.run(work)


def remove(
    kit: Kit,
    subject: Subject,
    authenticator_id: str,
    answer: Answer,
    mandatory: frozenset[str] = frozenset(),
) -> Authenticator:
    """Remove an authenticator; takes a code of another authenticator, or any passkey.

    Its own codes are refused, so that the removal shows possession of an authenticator that stays.
    So is what was added with a code a short while ago (`judging.ripening`).
    `mandatory` has the keys of the areas that are mandatory for the user.

    Returns:
        The removed authenticator.

    Raises:
        UnknownAuthenticator, LastAuthenticator: the answer was neither judged nor counted.
        CodeWrong, CodeReused, OwnCode, DeviceYoung, Held, PasskeyRefusal, NotOn: as
            `verification.verify`.
    """

    def work(transaction: Transaction) -> Authenticator:
        account = _account(kit, transaction, subject)
        found = removable(account, authenticator_id)
        if demands.is_last_needed(kit, account, found.id, mandatory):
            raise LastPasskey("an area demands it")
        key = AUTHENTICATORS.key
        proof = verification.verify(
            kit, transaction, subject, answer, key, account, barred=found.id
        )
        transaction.remove_authenticator(found, account)
        _end_others(transaction, subject)
        removed = changes.AuthenticatorRemoved(found.name, found.kind)
        undo.change(kit, transaction, subject, proof.after, removed)
        return found

    return verification.judged(kit, work, answer, AUTHENTICATORS.key, lambda _: subject.user_id)


def _voucher(kit: Kit, used: Authenticator, answer: Answer) -> str:
    """Return what vouches for a new authenticator: a passkey only if it counts already itself."""
    if not isinstance(answer, Assertion) or demands.counts_from(kit, used) > kit.clock():
        return "code"
    return "passkey"


def find(account: Account, authenticator_id: str) -> Authenticator:
    """Return an authenticator of an account by its id.

    Raises:
        UnknownAuthenticator: the account has no authenticator with this id.
    """
    for authenticator in account.authenticators:
        if authenticator.id == authenticator_id:
            return authenticator
    raise UnknownAuthenticator("no such authenticator")


def removable(account: Account, authenticator_id: str) -> Authenticator:
    """Return an authenticator of an account that has another one, too.

    Raises:
        UnknownAuthenticator: the account has no authenticator with this id.
        LastAuthenticator: it has no other; only deactivation removes this one.
    """
    found = find(account, authenticator_id)
    if len(account.authenticators) == 1:
        raise LastAuthenticator("the last one")
    return found


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
    return data is not None and data["name"] == names.plain(name)


def _account(kit: Kit, transaction: Transaction, subject: Subject) -> Account:
    transaction.wait_for(subject.user_id)
    account = known_browsers.account(kit, transaction, subject)
    if account is None:
        raise NotOn("no second factor")
    return account


def _check_room(account: Account, kind: str) -> None:
    most = registry.method(kind).most
    if sum(each.kind == kind for each in account.authenticators) >= most:
        raise (TooManyPasskeys if kind == registry.PASSKEY else TooManyAuthenticators)(most)


def _end_others(transaction: Transaction, subject: Subject) -> None:
    """Remove the user's tickets, except proofs of the password and this known browser."""
    known = known_browsers.digest(subject)
    transaction.drop_tickets(subject.user_id, spare=tickets.PASSWORD, known=known)
