"""Resets that need two people: one agent asks, another confirms.

A request is one ticket, sealed, whose digest is made from the user's key: there is one of a user at
most, and it is used up once. It is nobody's ticket, so that the open ones are found by an index.
"""

import hashlib
from dataclasses import dataclass

from ...core.errors import NotOn
from ...core.help_desk import AlreadyRequested, RequestOver, ResetRequested, SameAgent, kinds
from ...core.records import Account, Subject, Ticket
from ...storage.transaction import Transaction
from .. import tickets
from ..context import Kit
from ..operator import accounts
from ..tickets import Deed
from . import records
from .records import Agent

KIND = "reset_request"
NOBODY = ""  # no user has an empty key
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Request:
    """A reset that waits for a second agent. Times are Unix seconds.

    Args:
        user_id: key of the user.
        agent: key of the agent who asks.
        name: name of that agent.
        reason: given by that agent.
        at: time of the request.
        until: time when it expires.
        state: digest of the user's second factor at that time.
    """

    user_id: str
    agent: str
    name: str
    reason: str
    at: int
    until: int
    state: str


def ask(kit: Kit, agent: Agent, user_id: str, reason: str) -> Deed:
    """Return the deed that asks for the reset of a user.

    It raises `TooMuchHelp`, `NotOn`, or `AlreadyRequested`; then nothing is asked for.
    """

    def deed(transaction: Transaction) -> None:
        account = transaction.account(user_id, lock=True)
        if account is None:
            raise NotOn("no second factor")
        if _found(kit, transaction, user_id, account) is not None:
            raise AlreadyRequested("asked for already")
        digest, now = _digest(user_id), int(kit.clock())
        transaction.end_ticket(digest, KIND)  # an expired one, or one of an earlier state
        data = {
            "user": user_id,
            "agent": agent.key,
            "name": agent.name,
            "reason": reason,
            "at": now,
            "state": _state(account),
        }
        sealed = tickets.sealed(kit, NOBODY, KIND, digest, data)
        transaction.add_ticket(Ticket(digest, NOBODY, KIND, "", sealed, now + DAY))
        transaction.change(Subject(user_id), ResetRequested(agent.name, reason))

    return records.on_record(kit, agent, kinds.REQUESTED, user_id, deed)


def confirm(kit: Kit, agent: Agent, request: Request) -> Deed:
    """Return the deed that resets a user as another agent asked for.

    It raises `TooMuchHelp`, `SameAgent` if the agent has asked for it, or `RequestOver` if there is
    no such request, or another one by now, or the user's second factor was changed since. Then
    nothing is done.

    Args:
        kit: the application's parts.
        agent: the agent who confirms.
        request: the request as that agent saw it.
    """
    user_id = request.user_id

    def deed(transaction: Transaction) -> None:
        account = transaction.account(user_id, lock=True)
        found = _found(kit, transaction, user_id, account)
        if found is None or found != request:
            raise RequestOver("no such request")
        if found.agent == agent.key:
            raise SameAgent("one person")
        if not transaction.end_ticket(_digest(user_id), KIND):
            raise RequestOver("used up meanwhile")
        by = f"{found.name} and {agent.name}"
        accounts.reset_in(kit, transaction, user_id, by, found.reason)

    return records.on_record(kit, agent, kinds.CONFIRMED, user_id, deed)


def decline(kit: Kit, agent: Agent, user_id: str) -> Deed:
    """Return the deed that ends a request without a reset; the agent who asked may do so, too.

    It raises `RequestOver` if there is none.
    """

    def deed(transaction: Transaction) -> None:
        if not transaction.end_ticket(_digest(user_id), KIND):
            raise RequestOver("no such request")
        event = kit.event(Subject(user_id), "reset_declined", detail=agent.name)
        transaction.record(event)

    return records.on_record(kit, agent, kinds.DECLINED, user_id, deed)


def forget_in(transaction: Transaction, user_id: str) -> None:
    """Remove the request for a user whose account is closed."""
    transaction.end_ticket(_digest(user_id), KIND)


def open_ones(kit: Kit) -> list[Request]:
    """Return the requests that wait for a second agent, the newest first."""
    found = [_opened(kit, each) for each in kit.store.tickets(NOBODY, KIND, kit.clock())]
    if not found:
        return []
    accounts_of = kit.store.accounts_of([each.user_id for each in found])
    return [each for each in found if _stands(each, accounts_of.get(each.user_id))]


def of_user(kit: Kit, user_id: str, account: Account | None) -> Request | None:
    """Return the request for a user's reset, `None` if there is none that can be confirmed.

    Args:
        kit: the application's parts.
        user_id: key of the user.
        account: the user's account.
    """
    ticket = kit.store.ticket(_digest(user_id), KIND, kit.clock())
    return _standing(kit, ticket, account)


def _found(
    kit: Kit, transaction: Transaction, user_id: str, account: Account | None
) -> Request | None:
    return _standing(kit, transaction.ticket(_digest(user_id), KIND, kit.clock()), account)


def _standing(kit: Kit, ticket: Ticket | None, account: Account | None) -> Request | None:
    found = None if ticket is None else _opened(kit, ticket)
    return found if found is not None and _stands(found, account) else None


def _stands(found: Request, account: Account | None) -> bool:
    """Return whether the user's second factor is as it was at the time of the request."""
    return account is not None and found.state == _state(account)


def _opened(kit: Kit, ticket: Ticket) -> Request:
    data = tickets.data_of(kit, ticket)
    told = (data["user"], data["agent"], data["name"], data["reason"], data["at"])
    return Request(*told, ticket.expires_at, data["state"])


def _digest(user_id: str) -> str:
    return tickets.digest(KIND, user_id)


def _state(account: Account) -> str:
    """Return a digest that changes with the user's devices and recovery code."""
    parts = [
        str(account.activated_at),
        account.recovery_hash or "",
        *sorted(each.id for each in account.authenticators),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
