"""Challenges of passkeys: tickets whose ids are what a device signs (WebAuthn section 13.4.3)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...core.answers import Assertion
from ...core.areas import SIGN_IN
from ...core.errors import SetupError
from ...core.passkey_errors import PasskeyNeeded, PasskeyYoung
from ...core.records import Account, Subject, Ticket
from ...methods import registry
from ...storage.transaction import Transaction
from .. import tickets
from ..context import Kit
from . import stored

# Kind of the tickets. Their sealed data is `Subject.request`, and whether UV is demanded.
KIND = "passkey"
# Open challenges of a user. A further one takes the place of the oldest.
MOST = 10


@dataclass(frozen=True, slots=True)
class Options:
    """The data that a browser needs to ask for a passkey.

    Args:
        public_key: for `navigator.credentials.get`, as JSON (WebAuthn section 5.1,
            `PublicKeyCredentialRequestOptionsJSON`); `None` if no passkey can answer.
        seconds: how long the challenge lasts.
        answers: the classes of answers that the account can give: "passkey", "code".
    """

    public_key: Mapping[str, Any] | None = field(repr=False)
    seconds: int
    answers: tuple[str, ...]


def issue(kit: Kit, subject: Subject, area: str) -> Options:
    """Make a challenge for a request of a user.

    Args:
        kit: the application's parts.
        subject: the user, and the request that will carry the answer (`Subject.request`).
        area: key of the area that asks.

    Returns:
        The options; without a challenge if the account has no passkey that can answer.
    """

    def work(transaction: Transaction) -> Options:
        account = transaction.account(subject.user_id, lock=True)
        return _issued(kit, transaction, subject, area, account)

    return kit.store.run(work)


def issue_alone(kit: Kit, request: str) -> Options:
    """Make a challenge for a sign-in without a password; nobody is known yet.

    Args:
        kit: the application's parts.
        request: as `Subject.request`.
    """
    party = kit.settings.relying_party
    if party is None:
        raise SetupError("passkeys need TWOFACTOR_RP_ID")
    seconds, nobody = kit.settings.passkey_seconds, Subject("", request=request)
    data = {"for": request_of(nobody), "verified": True}
    challenge, ticket = tickets.made(kit, KIND, "", seconds, SIGN_IN, data)

    def work(transaction: Transaction) -> None:
        transaction.drop_expired_tickets(kit.clock())
        transaction.add_ticket(ticket)

    kit.store.run(work)
    asked = registry.passkeys().ask(party, challenge, (), seconds, verified=True)
    return Options(asked, seconds, ("passkey",))


def _issued(
    kit: Kit, transaction: Transaction, subject: Subject, area: str, account: Account | None
) -> Options:
    seconds = kit.settings.passkey_seconds
    needs = kit.areas.demanding.get(area)
    held = usable(kit, account, demanded=needs is not None)
    answers = answers_of(account, passkeys=bool(held), codes=needs is None)
    if not held or kit.settings.relying_party is None:
        return Options(None, seconds, answers)
    verified = needs == "verified_passkey"
    data = {"for": request_of(subject), "verified": verified}
    challenge, ticket = tickets.made(kit, KIND, subject.user_id, seconds, area, data)
    transaction.drop_challenges(subject.user_id, KIND, kit.clock(), MOST - 1)
    transaction.add_ticket(ticket)
    ask = registry.passkeys().ask
    asked = ask(kit.settings.relying_party, challenge, held, seconds, verified=verified)
    return Options(asked, seconds, answers)


def usable(kit: Kit, account: Account | None, *, demanded: bool = False) -> list[bytes]:
    """Return what the passkeys of an account are judged by that can answer at this address.

    Args:
        kit: the application's parts.
        account: the account, if there is one.
        demanded: leave out those that do not count yet where a passkey is demanded.
    """
    now = kit.clock()
    return [held for held, since in counting(kit, account) if not demanded or since <= now]


def counting(kit: Kit, account: Account | None) -> list[tuple[bytes, int]]:
    """Return the passkeys that can answer at this address, and from when where one is demanded."""
    party, method = kit.settings.relying_party, registry.passkeys()
    if party is None:
        return []
    hold = kit.settings.passkey_hold_seconds
    return [
        (held, method.counts_from(held, each, hold))
        for each, held in stored.sound(kit, account, registry.PASSKEY)
        if method.is_of(held, party)
    ]


def check_demands(kit: Kit, account: Account, added: Iterable[str]) -> None:
    """Refuse to protect an area that demands a passkey while no passkey counts there.

    Raises:
        PasskeyNeeded, PasskeyYoung: the area would be closed to the user.
    """
    for key in sorted(kit.areas.demanding.keys() & set(added)):
        if not usable(kit, account, demanded=True):
            raise needed(kit, account, key)


def is_last_needed(kit: Kit, account: Account, leaving: str) -> bool:
    """Return whether a protected area would be left without the passkey that it demands.

    Args:
        kit: the application's parts.
        account: the account.
        leaving: id of the authenticator to remove.
    """
    demanding = kit.areas.demanding.keys()
    if not any(key in account.areas or kit.areas.get(key).mandatory for key in demanding):
        return False
    staying = replace(
        account, authenticators=tuple(a for a in account.authenticators if a.id != leaving)
    )
    return bool(usable(kit, account)) and not usable(kit, staying)


def needed(kit: Kit, account: Account, area: str) -> PasskeyNeeded | PasskeyYoung:
    """Return the refusal of a code in an area that demands a passkey."""
    now, since = kit.clock(), [since for _, since in counting(kit, account)]
    about = {"area": area, "user_id": account.user_id}
    if since and min(since) > now:
        return PasskeyYoung(min(since), **about)
    verified = kit.areas.demanding[area] == "verified_passkey"
    return PasskeyNeeded(verified=verified, has_one=bool(since), **about)


def answers_of(account: Account | None, *, passkeys: bool, codes: bool = True) -> tuple[str, ...]:
    """Return the classes of answers that an account can give, as JSON names them."""
    apps = (
        codes and account is not None and any(each.makes_codes for each in account.authenticators)
    )
    return (*(["passkey"] if passkeys else []), *(["code"] if apps else []))


def credential_of(answer: Assertion) -> str:
    """Return the digest of the passkey that an assertion names (column `credential`)."""
    return hashlib.sha256(answer.credential).hexdigest()


def request_of(subject: Subject) -> str:
    """Return the digest of the request of a subject and of the user's credential."""
    return tickets.digest(subject.request, subject.credential)


def bound(kit: Kit, ticket: Ticket) -> str:
    """Return the request that a challenge is for (`request_of`)."""
    return str(tickets.data_of(kit, ticket)["for"])


def demands(kit: Kit, ticket: Ticket) -> bool:
    """Return whether the device must verify the person."""
    return bool(tickets.data_of(kit, ticket)["verified"])
