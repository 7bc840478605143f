"""Begin, change, cancel and finish an enrolment."""

import secrets
from dataclasses import dataclass, field, replace

from ...core import changes
from ...core.answers import RecoveryCode
from ...core.enrolment_errors import EnrolmentReplaced
from ...core.errors import AlreadyOn, EnrolmentExpired, PasswordWrong
from ...core.records import Account, Subject, ways_of
from ...methods import recovery, registry
from ...methods.base import FirstAnswer
from ...storage.transaction import Transaction
from .. import authenticators, tickets, undo
from ..context import Kit
from ..judging import stored
from ..judging.terms import terms_of


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An unfinished enrolment, for the wizard. Two-factor authentication is still off.

    Args:
        secret: of the authenticator (`Method.new_secret`), bytes.
        recovery_code: the recovery code, for printing.
        areas: keys of the areas to protect.
        next_url: address to return to, if the wizard interrupted something.
        given: time when the password was entered, Unix seconds.
        tag: tells the pages of this enrolment from those of an earlier one; no secret.
        recovery_hash: the stored hash of the recovery code, once the enrolment is finished.
        kind: kind of the authenticator.
        hint: way of making it that the person chose, see `methods.base.Naming`.
    """

    secret: bytes = field(repr=False)
    recovery_code: RecoveryCode = field(repr=False)
    areas: frozenset[str]
    next_url: str | None
    given: int
    tag: str = ""
    recovery_hash: str | None = field(default=None, repr=False)
    kind: str = registry.APP
    hint: str = ""


def begin(
    kit: Kit,
    subject: Subject,
    areas: frozenset[str],
    next_url: str | None = None,
    kind: str = registry.APP,
    hint: str = "",
    given: int | None = None,
) -> str:
    """Make a secret and a recovery code, sealed in a ticket, which replaces unfinished ones.

    Args:
        kit: the application's parts.
        subject: the user.
        areas: keys of the areas to protect.
        next_url: address to return to.
        kind: kind of the authenticator.
        hint: see `methods.base.Naming`.
        given: time when the password was entered (Unix seconds), `None` for now.

    Returns:
        The ticket's id, for the session.

    Raises:
        AlreadyOn: two-factor authentication is on. The secret in use does not change.
    """
    data = {
        **_secret(kind, hint),
        "recovery": recovery.new_code().symbols,
        "areas": sorted(areas),
        "next": next_url,
        "given": int(kit.clock()) if given is None else given,
    }

    def work(transaction: Transaction) -> str:
        if transaction.account(subject.user_id) is not None:
            raise AlreadyOn("two-factor authentication is on")
        transaction.drop_unfinished(subject.user_id, tickets.ENROLMENT, kit.clock())
        seconds, bound = kit.settings.enrolment_seconds, (subject.credential,)
        of_ticket = tickets.ENROLMENT
        made = tickets.made(kit, of_ticket, subject.user_id, seconds, data=data, bound=bound)
        return tickets.issue(transaction, made)

    return kit.store.run(work)


def _secret(kind: str, hint: str) -> dict[str, str]:
    """Return a new secret for a ticket. Pages with an older one have another tag."""
    secret, tag = registry.method(kind).new_secret().hex(), secrets.token_hex(6)
    return {"secret": secret, "kind": kind, "hint": hint, "tag": tag}


def resume(kit: Kit, subject: Subject, ticket_id: str | None) -> Enrolment:
    """Return the unfinished enrolment of a ticket, with the same secret each time.

    Raises:
        EnrolmentExpired: the enrolment has expired, was finished, is another user's or was begun
            with another credential.
    """
    data = tickets.unfinished(kit, tickets.ENROLMENT, subject, ticket_id)
    return Enrolment(
        secret=bytes.fromhex(data["secret"]),
        recovery_code=RecoveryCode.read(data["recovery"]),
        areas=frozenset(data["areas"]),
        next_url=data["next"],
        given=data["given"],
        tag=data.get("tag", ""),
        kind=data.get("kind", registry.APP),
        hint=data.get("hint", ""),
    )


def choose_again(
    kit: Kit,
    subject: Subject,
    ticket_id: str | None,
    areas: frozenset[str],
    tag: str,
    of_kind: tuple[str, str] | None = None,
) -> None:
    """Change the areas of an unfinished enrolment. Recovery code and end stay.

    So does the secret, unless another kind of authenticator was chosen.

    Args:
        kit: the application's parts.
        subject: the user.
        ticket_id: id of the enrolment.
        areas: keys of the areas to protect.
        tag: as the page has it (`Enrolment.tag`).
        of_kind: kind and hint of the authenticator, `None` to leave them.

    Raises:
        EnrolmentExpired: as `resume`.
        EnrolmentReplaced: the page is of an earlier enrolment.
        PasswordWrong: the password was entered too long ago; begin again.
    """
    unfinished = resume(kit, subject, ticket_id)
    check_tag(unfinished, tag)
    if not is_fresh(kit, unfinished):
        raise PasswordWrong("given too long ago")
    hashed = tickets.digest(ticket_id or "", subject.credential)

    def work(transaction: Transaction) -> None:
        ticket = transaction.ticket(hashed, tickets.ENROLMENT, kit.clock())
        if ticket is None:
            raise EnrolmentExpired("enrolment over")
        data = tickets.data_of(kit, ticket) | {"areas": sorted(areas)}
        if of_kind is not None and of_kind != (unfinished.kind, unfinished.hint):
            data |= _secret(*of_kind)
        sealed = tickets.sealed(kit, subject.user_id, tickets.ENROLMENT, hashed, data)
        transaction.change_ticket(hashed, tickets.ENROLMENT, subject.user_id, {"sealed": sealed})

    kit.store.run(work)


def is_fresh(kit: Kit, unfinished: Enrolment) -> bool:
    """Return whether the password was given recently enough to choose the areas again."""
    return kit.clock() - unfinished.given < kit.settings.fresh_seconds


def check_tag(unfinished: Enrolment, tag: str | None) -> None:
    """Refuse a page of an earlier enrolment of this session; `None` is a page without a tag.

    Raises:
        EnrolmentReplaced: the page shows an old secret.
    """
    if tag is not None and not secrets.compare_digest(unfinished.tag.encode(), tag.encode()):
        raise EnrolmentReplaced("an older page")


def cancel(kit: Kit, subject: Subject, ticket_id: str | None) -> bool:
    """End an unfinished enrolment, if there is one; return whether the user has none enrolled."""
    hashed = tickets.digest(ticket_id or "", subject.credential)

    def work(transaction: Transaction) -> bool:
        transaction.drop_ticket(hashed, tickets.ENROLMENT, subject.user_id)
        return transaction.account(subject.user_id) is None

    return kit.store.run(work)


def confirm(
    kit: Kit, subject: Subject, ticket_id: str | None, answer: FirstAnswer, tag: str | None = None
) -> Enrolment:
    """Turn two-factor authentication on with the first right answer, and use that answer up.

    Args:
        kit: the application's parts.
        subject: the user.
        ticket_id: id of the enrolment.
        answer: the first code, or the registration of a passkey.
        tag: as the page has it (`check_tag`).

    Returns:
        The finished enrolment.

    Raises:
        CodeWrong, ClockOff, PasskeyRefusal: two-factor authentication is still off; try again.
        EnrolmentReplaced: the page is of an earlier enrolment. The code was not judged.
        EnrolmentExpired, AlreadyOn: this enrolment is over.
    """
    enrolment = resume(kit, subject, ticket_id)
    check_tag(enrolment, tag)
    now = kit.clock()
    method = registry.method(enrolment.kind)
    first = method.first(enrolment.secret, answer, terms_of(kit), "password")
    account = Account(
        user_id=subject.user_id,
        areas=enrolment.areas,
        activated_at=int(now),
        recovery_hash=recovery.hash_code(enrolment.recovery_code, kit.settings.recovery_cost),
    )
    made = authenticators.id_of(ticket_id)
    authenticator = stored.new(kit, subject.user_id, enrolment.kind, first, made)
    hashed = tickets.digest(ticket_id or "", subject.credential)

    def work(transaction: Transaction) -> None:
        stored.check_free(transaction, authenticator)
        taken = transaction.take_ticket(hashed, tickets.ENROLMENT, subject.user_id, now)
        if taken is None:
            raise EnrolmentExpired("enrolment over")
        if transaction.account(subject.user_id) is not None:
            raise AlreadyOn("two-factor authentication is on")
        transaction.add_account(account)
        transaction.add_authenticator(authenticator)
        transaction.drop_tickets(subject.user_id)
        ways = ways_of([not authenticator.makes_codes])
        activated = changes.Activated(tuple(sorted(account.areas)), ways)
        undo.change(kit, transaction, subject, None, activated)

    kit.store.run(work)
    return replace(enrolment, recovery_hash=account.recovery_hash or "")
