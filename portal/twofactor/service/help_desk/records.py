"""Agents, and the record of what each of them has done."""

from collections.abc import Callable
from dataclasses import dataclass

from ...core.areas import HELP
from ...core.errors import EnrolmentRequired
from ...core.help_desk import TooMuchHelp
from ...core.help_desk.kinds import LIMITED
from ...core.records import Subject
from ...storage.transaction import Transaction
from ..context import Kit
from ..tickets import Deed

# Number of deeds of an agent in an hour that take protection away from users.
MOST, HOUR = 10, 3600


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent of the help desk.

    Args:
        key: of the agent, who is a user of the host.
        name: for the events of users.
        address: network address of the agent.
    """

    key: str
    name: str
    address: str | None = None


def on_record(
    kit: Kit, agent: Agent, kind: str, user_id: str, deed: Callable[[Transaction], object]
) -> Deed:
    """Return a deed that is also recorded for the agent, in the same transaction.

    It is run in the transaction that judges the agent's answer. So an answer that was used up and a
    deed that was not done can't be parted by a database that is lost in between.

    Args:
        kit: the application's parts.
        agent: the agent.
        kind: of the event in the agent's record.
        user_id: key of the user.
        deed: what is done for the user.

    Returns:
        The deed. It raises `TooMuchHelp` if the agent has done the most of an hour, and
        `EnrolmentRequired` if the agent has no second factor any more; then nothing is done.
    """

    def work(transaction: Transaction) -> None:
        # Deeds of one agent wait for each other here, so that none is counted too late.
        if transaction.account(agent.key, lock=True) is None:
            raise EnrolmentRequired(HELP.key)
        # The limit comes first: a refusal after the deed would leave the deed done.
        if kind in LIMITED:
            _refuse_too_many(kit, transaction, agent)
        deed(transaction)
        who = Subject(agent.key, agent.address)
        transaction.record(kit.event(who, kind, detail=user_id))

    return work


def _refuse_too_many(kit: Kit, transaction: Transaction, agent: Agent) -> None:
    transaction.claim(agent.key)
    since = int(kit.clock()) - HOUR + 1
    done = transaction.events_since(agent.key, since, LIMITED, MOST)
    if len(done) >= MOST:
        raise TooMuchHelp(done[-1].at + HOUR)
