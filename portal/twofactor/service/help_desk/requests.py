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


def ask(kit: Kit, agent: Agent, user_id: str, reason: str) -> None:
    """Ask for the reset of a user.

    Raises:
        TooMuchHelp, NotOn: nothing is asked for.
        AlreadyRequested: somebody has asked for it already.
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

    records.on_record(kit, agent, kinds.REQUESTED, user_id, deed)


def confirm(kit: Kit, agent: Agent, user_id: str) -> Request:
    """Reset a user as another agent asked for.

    Returns:
        The request, which is used up.

    Raises:
        TooMuchHelp: nothing is done, and the request stays.
        RequestOver: there is none, or the user's second factor was changed since.
        SameAgent: the agent has asked for it.
    """

    def deed(transaction: Transaction) -> Request:
        account = transaction.account(user_id, lock=True)
        found = _found(kit, transaction, user_id, account)
        if found is None:
            raise RequestOver("no such request")
        if found.agent == agent.key:
            raise SameAgent("one person")
        if not transaction.end_ticket(_digest(user_id), KIND):
            raise RequestOver("used up meanwhile")
        by = f"{found.name} and {agent.name}"
        accounts.reset_in(kit, transaction, user_id, by, found.reason)
        return found

    return records.on_record(kit, agent, kinds.CONFIRMED, user_id, deed)


def decline(kit: Kit, agent: Agent, user_id: str) -> None:
    """End a request without a reset; also the agent who asked may do so.

    Raises:
        RequestOver: there is none.
    """

    def deed(transaction: Transaction) -> None:
        if not transaction.end_ticket(_digest(user_id), KIND):
            raise RequestOver("no such request")
        event = kit.event(Subject(user_id), "reset_declined", detail=agent.name)
        transaction.record(event)

    records.on_record(kit, agent, kinds.DECLINED, user_id, deed)


def forget_in(transaction: Transaction, user_id: str) -> None:
    """Remove the request for a user whose account is closed."""
    transaction.end_ticket(_digest(user_id), KIND)


def open_ones(kit: Kit) -> list[Request]:
    """Return the requests that wait for a second agent, the newest first.

    Those of users whose second factor was changed since are among them; they can't be confirmed.
    """
    return [_opened(kit, each) for each in kit.store.tickets(NOBODY, KIND, kit.clock())]


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
    if ticket is None or account is None:
        return None
    found = _opened(kit, ticket)
    return found if found.state == _state(account) else None


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
