"""Deeds of an agent for a user; the functions of operators do them (`service.operator.accounts`).

Each function returns a deed for the transaction that judges the agent's answer.
"""

from ...core.errors import LastAuthenticator, UnknownAuthenticator
from ...core.help_desk import DeviceGone, kinds
from ...storage.transaction import Transaction
from ..context import Kit
from ..operator import accounts
from ..tickets import Deed
from . import records, starting_over
from .records import Agent


def unlock(kit: Kit, agent: Agent, user_id: str, reason: str) -> Deed:
    """Return the deed that ends the wait after wrong codes.

    It raises `NotOn` if two-factor authentication is off.
    """

    def deed(transaction: Transaction) -> None:
        accounts.unlock_in(transaction, user_id, agent.name, reason)

    return records.on_record(kit, agent, kinds.UNLOCKED, user_id, deed)


def remove_authenticator(
    kit: Kit, agent: Agent, user_id: str, authenticator_id: str, reason: str
) -> Deed:
    """Return the deed that removes a lost device; the last one stays.

    It raises `TooMuchHelp`, `NotOn` or `DeviceGone`; then nothing is removed.
    """

    def deed(transaction: Transaction) -> None:
        try:
            accounts.remove_in(kit, transaction, user_id, authenticator_id, agent.name, reason)
        except (LastAuthenticator, UnknownAuthenticator):
            # Their sentences are for the owner of the device.
            raise DeviceGone("removed meanwhile, or the last one") from None

    return records.on_record(kit, agent, kinds.REMOVED, user_id, deed)


def reset(kit: Kit, agent: Agent, user_id: str, reason: str) -> Deed:
    """Return the deed that turns it off, where one agent is enough for that.

    It raises `TooMuchHelp` or `NotOn`; then it stays on.
    """

    def deed(transaction: Transaction) -> None:
        accounts.reset_in(kit, transaction, user_id, agent.name, reason)

    return records.on_record(kit, agent, kinds.RESET, user_id, deed)


def start_over(kit: Kit, agent: Agent, user_id: str, reason: str) -> Deed:
    """Return the deed that has a link mailed with which the owner sets it up anew.

    It raises `TooMuchHelp` or `NotOn`; then no link is made.
    """

    def deed(transaction: Transaction) -> None:
        starting_over.offer_in(kit, transaction, user_id, agent.name, reason)

    return records.on_record(kit, agent, kinds.STARTED_OVER, user_id, deed)
