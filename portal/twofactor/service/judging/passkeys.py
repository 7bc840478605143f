"""Judge the assertions of passkeys (WebAuthn section 7.2).

A challenge is a ticket, whose id is what the device signs. The ticket is bound to user, area and
request, and is taken by its DELETE, whatever comes of the answer. So an answer is judged once.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace

from ...core import changes
from ...core.answers import Assertion
from ...core.answers.passkeys import digest_of, encode
from ...core.areas import SIGN_IN
from ...core.passkey_errors import (
    PasskeyOver,
    PasskeyRefusal,
    PasskeySuspect,
    PasskeyUnknown,
    PasskeyUnverified,
    PasskeyWrong,
    PasskeyYoung,
)
from ...core.records import Account, Authenticator, Event, Subject, Ticket
from ...methods import registry
from ...methods.base import Match
from ...storage.transaction import Transaction
from .. import tickets
from ..context import Kit
from . import challenges, demands, ripening, stored
from .terms import Proof, terms_of


@dataclass(frozen=True, slots=True)
class Asked:
    """Further conditions of an answer.

    Args:
        with_password: the person has just given the password, too.
        verified: the device must have verified the person.
        demanded: the area takes no codes, so a passkey that was added with one waits.
        removed: id of the authenticator that will be removed, or "".
    """

    with_password: bool = False
    verified: bool = False
    demanded: bool = False
    removed: str = ""


def verify(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    answer: Assertion,
    area: str,
    account: Account,
    asked: Asked,
) -> Proof:
    """Judge an assertion and use up its challenge.

    Args:
        kit: the application's parts.
        transaction: a transaction that commits even if this raises a refusal.
        subject: user, browser and request.
        answer: the assertion.
        area: key of the area.
        account: the account, read and locked in this transaction.
        asked: what else holds for the answer.

    Raises:
        PasskeyOver: the challenge has expired, was used, or is for something else.
        PasskeyUnknown: the account has no such passkey.
        PasskeyWrong: the answer breaks a rule, or its signature is wrong.
        PasskeyUnripe: the passkey is too young for this.
        PasskeySuspect: the counter is not larger than before, so there may be a copy.
    """
    hashed = tickets.digest(answer.client.challenge)
    ticket = transaction.take_challenge(hashed, challenges.KIND, kit.clock())
    codes = account.makes_codes and not asked.demanded
    about = {"area": area, "user_id": subject.user_id}
    if ticket is None:
        # No event: a client could cause any number of them.
        raise PasskeyOver("no such challenge", **about).told(codes)
    try:
        request, verified = challenges.bound(kit, ticket)
        _check_request(ticket, request, subject, area)
        found = _find(account, answer)
        match = _match(kit, found, answer, asked.verified or verified)
        if asked.demanded:
            demands.check_age(kit, account, found)
        ripening.check(kit, account, found, area, asked.removed)
        _count(kit, transaction, account, found, match, asked.with_password)
    except PasskeyRefusal as refusal:
        refusal.area, refusal.user_id = area, subject.user_id
        if isinstance(refusal, PasskeySuspect):
            transaction.change(subject, changes.PasskeySuspected(refusal.authenticator, area))
        else:
            transaction.record(kit.event(subject, "passkey_refused", area, refusal.word))
        raise refusal.told(codes) from None
    accepted = kit.event(subject, "passkey_accepted", area, subject.confirms or None)
    transaction.record(*_changed(kit, subject, found, match), accepted)
    return _proof(kit, account, found, match, answer)


def _check_request(ticket: Ticket, request: str, subject: Subject, area: str) -> None:
    """Refuse an answer whose challenge is for another user, area or request."""
    asked = challenges.request_of(subject)
    same_request = secrets.compare_digest(request.encode(), asked.encode())
    if ticket.user_id != subject.user_id or ticket.area != area or not same_request:
        raise PasskeyOver("of another request")


def _find(account: Account, answer: Assertion) -> Authenticator:
    digest = digest_of(answer.credential)
    for each in account.authenticators:
        if each.credential is not None and secrets.compare_digest(each.credential, digest):
            return each
    raise PasskeyUnknown("not of this account")


def _match(kit: Kit, found: Authenticator, answer: Assertion, verified: bool) -> Match:
    held = stored.sound_one(kit, found)
    terms = terms_of(kit, verified=verified)
    match = None if held is None else registry.method(found.kind).matched(held, answer, terms)
    if match is None:
        raise PasskeyUnknown("does not open")
    return match


def _count(
    kit: Kit,
    transaction: Transaction,
    account: Account,
    found: Authenticator,
    match: Match,
    with_password: bool,
) -> None:
    flags = registry.flags_after(found, match, with_password=with_password)
    if not transaction.take_number(found.id, match.number, account, kit.clock(), flags):
        raise PasskeySuspect(found.name)


def _changed(kit: Kit, subject: Subject, found: Authenticator, match: Match) -> list[Event]:
    """Return the event of a device that says now that it copies its passkeys, or no longer."""
    if not registry.has_changed(found, match):
        return []
    return [kit.event(subject, "passkey_changed", detail=found.name)]


def verify_alone(kit: Kit, transaction: Transaction, answer: Assertion, nobody: Subject) -> Proof:
    """Judge an assertion that stands for user name, password and code.

    An unknown passkey and a wrong signature are refused alike, after the same statements.

    Args:
        kit: the application's parts.
        transaction: a transaction that commits even if this raises a refusal.
        answer: the assertion; it must have the handle.
        nobody: the request and its network address, without a user.

    Raises:
        PasskeyOver: as `verify`.
        PasskeyUnknown, PasskeyWrong: nobody is signed in.
        PasskeyUnverified: the answer is right, but the device's verification is not known yet.
        PasskeySuspect: as `verify`.
    """
    account = transaction.account_of_credential(digest_of(answer.credential))
    hashed = tickets.digest(answer.client.challenge)
    ticket = transaction.take_challenge(hashed, challenges.KIND, kit.clock())
    if ticket is None:
        raise PasskeyOver("no such challenge", area=SIGN_IN).told(False)
    try:
        of_ticket, _ = challenges.bound(kit, ticket)
        _check_request(ticket, of_ticket, nobody, SIGN_IN)
        if answer.handle is None:
            raise PasskeyWrong("handle")
        if account is None:
            with suppress(PasskeyRefusal):
                _match(kit, stored.nobodys(kit, answer), answer, True)
            refusal = PasskeyUnknown("nobody's")
            refusal.nobodys = encode(answer.credential)
            raise refusal
        found = _find(account, answer)
        match = _match(kit, found, answer, True)
        if not registry.passkeys().is_verified(stored.opened(kit, found), found):
            raise PasskeyUnverified("never verified beside a password")
        if demands.of(kit, account, SIGN_IN):
            demands.check_age(kit, account, found)
        _count(kit, transaction, account, found, match, False)
    except PasskeyRefusal as refusal:
        refusal.area = SIGN_IN
        if account is not None:
            _record_refused(kit, transaction, nobody, account, refusal)
        raise refusal.told(False) from None
    owner = replace(nobody, user_id=account.user_id)
    transaction.record(*_changed(kit, owner, found, match))
    return _proof(kit, account, found, match, answer)


def _record_refused(
    kit: Kit, transaction: Transaction, nobody: Subject, account: Account, refusal: PasskeyRefusal
) -> None:
    """Record the refusal of an answer whose signature is right; others cost no statement."""
    if not isinstance(refusal, PasskeySuspect | PasskeyUnverified | PasskeyYoung):
        return
    owner = replace(nobody, user_id=account.user_id)
    if isinstance(refusal, PasskeySuspect):
        transaction.change(owner, changes.PasskeySuspected(refusal.authenticator, SIGN_IN))
    else:
        transaction.record(kit.event(owner, "passkey_refused", SIGN_IN, refusal.word))


def _proof(
    kit: Kit, account: Account, found: Authenticator, match: Match, answer: Assertion
) -> Proof:
    passkeys = [each for each in account.authenticators if each.kind == registry.PASSKEY]
    has_room = len(passkeys) < registry.passkeys().most
    elsewhere = (
        answer.roams
        and has_room
        and registry.passkeys().came_from_elsewhere(stored.opened(kit, found), answer)
    )
    return Proof(
        account, found.id, match.number, match.verified, match.phishing_resistant, elsewhere
    )
