"""Challenges of passkeys: tickets whose ids are what a device signs (WebAuthn section 13.4.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.areas import SIGN_IN, Demand
from ...core.errors import SetupError
from ...core.records import Account, Subject, Ticket
from ...methods import registry
from ...storage.transaction import Transaction
from .. import tickets
from ..context import Kit
from . import demands

# Kind of the tickets. Their sealed data is `Subject.request`, and whether UV is demanded.
KIND = "passkey"
# Open challenges of a user. A further one takes the place of the oldest.
MOST = 10
# So many rarely wait to be removed; with fewer, the statement that removes some is left out. It is
# less than MOST, since a parallel request may write one that was not counted.
FEW = 5
# Each so many challenges of a worker, expired tickets of all users are removed in any case.
TIDY_EVERY = 20


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
        account, waiting = transaction.account_counted(subject.user_id, KIND)
        demand = None if account is None else demands.of(kit, account, area)
        challenge, ticket = _made(kit, subject, area, verified=demand == "verified_passkey")
        asked = _asked(kit, account, challenge, demand)
        if asked is not None:
            if waiting >= FEW or next(kit.issued) % TIDY_EVERY == 0:
                transaction.drop_challenges(subject.user_id, KIND, kit.clock(), MOST - 1)
            transaction.add_ticket(ticket)
        answers = answers_of(account, passkeys=asked is not None, codes=demand is None)
        return Options(asked, kit.settings.passkey_seconds, answers)

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
    challenge, ticket = _made(kit, nobody, SIGN_IN, verified=True)

    def work(transaction: Transaction) -> None:
        transaction.drop_expired_tickets(kit.clock())
        transaction.add_ticket(ticket)

    kit.store.run(work)
    asked = registry.passkeys().ask(party, challenge, (), seconds, verified=True)
    return Options(asked, seconds, ("passkey",))


def _made(kit: Kit, subject: Subject, area: str, *, verified: bool) -> tuple[str, Ticket]:
    data = {"for": request_of(subject), "verified": verified}
    return tickets.made(kit, KIND, subject.user_id, kit.settings.passkey_seconds, area, data)


def _asked(
    kit: Kit, account: Account | None, challenge: str, demand: Demand | None
) -> Mapping[str, Any] | None:
    """Return the data for `navigator.credentials.get`, `None` if no passkey can answer."""
    party, seconds = kit.settings.relying_party, kit.settings.passkey_seconds
    held = demands.usable(kit, account, demanded=demand is not None)
    if party is None or not held:
        return None
    verified = demand == "verified_passkey"
    return registry.passkeys().ask(party, challenge, held, seconds, verified=verified)


def answers_of(account: Account | None, *, passkeys: bool, codes: bool = True) -> tuple[str, ...]:
    """Return the classes of answers that an account can give, as JSON names them."""
    apps = codes and account is not None and account.makes_codes
    return (*(["passkey"] if passkeys else []), *(["code"] if apps else []))


def request_of(subject: Subject) -> str:
    """Return the digest of the request of a subject and of the user's credential."""
    return tickets.digest(subject.request, subject.credential)


def bound(kit: Kit, ticket: Ticket) -> tuple[str, bool]:
    """Return the request that a challenge is for, and whether the device must verify the person."""
    data = tickets.data_of(kit, ticket)
    return str(data["for"]), bool(data["verified"])
