"""What an agent does for a user; the functions of operators do it (`service.operator.accounts`)."""

from functools import partial

from ...core.help_desk import kinds
from ...core.records import Authenticator
from ...storage.transaction import Transaction
from ..context import Kit
from ..operator import accounts
from . import records, starting_over
from .records import Agent


def unlock(kit: Kit, agent: Agent, user_id: str, reason: str) -> None:
    """End the wait after wrong codes.

    Raises:
        NotOn: two-factor authentication is off.
    """

    def deed(transaction: Transaction) -> None:
        accounts.unlock_in(transaction, user_id, agent.name, reason)

    records.on_record(kit, agent, kinds.UNLOCKED, user_id, deed)


def remove_authenticator(
    kit: Kit, agent: Agent, user_id: str, authenticator_id: str, reason: str
) -> Authenticator:
    """Remove a lost device; the last one stays.

    Raises:
        TooMuchHelp, NotOn, UnknownAuthenticator, LastAuthenticator: nothing is removed.
    """
    remove = partial(
        accounts.remove_in,
        user_id=user_id,
        authenticator_id=authenticator_id,
        by=agent.name,
        reason=reason,
    )
    deed = partial(remove, kit)
    return records.on_record(kit, agent, kinds.REMOVED, user_id, deed)


def reset(kit: Kit, agent: Agent, user_id: str, reason: str) -> None:
    """Turn two-factor authentication off, where one agent is enough for it.

    Raises:
        TooMuchHelp, NotOn: it stays on.
    """

    def deed(transaction: Transaction) -> None:
        accounts.reset_in(kit, transaction, user_id, agent.name, reason)

    records.on_record(kit, agent, kinds.RESET, user_id, deed)


def start_over(kit: Kit, agent: Agent, user_id: str, reason: str) -> None:
    """Have a link mailed with which the owner sets two-factor authentication up anew.

    Raises:
        TooMuchHelp, NotOn: no link is made.
    """

    def deed(transaction: Transaction) -> None:
        starting_over.offer_in(kit, transaction, user_id, agent.name, reason)

    records.on_record(kit, agent, kinds.STARTED_OVER, user_id, deed)
