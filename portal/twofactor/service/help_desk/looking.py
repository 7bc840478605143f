"""Agents look at users, which is recorded for both, and shown to the user."""

from ...core.help_desk import kinds
from ...core.records import Subject
from ...storage.transaction import Transaction
from ..context import Kit
from .records import Agent

KIND = "looked_at"
# Seconds in which further looks of the same agent at the same user are one.
ONE_LOOK = 900
# Looks of an agent in that time that are compared.
MOST = 200


def note(kit: Kit, agent: Agent, user_id: str) -> None:
    """Record that an agent looks at a user, once in a quarter of an hour.

    The agent is known by the key, since names are not unique and may be changed.
    """

    def work(transaction: Transaction) -> None:
        since = int(kit.clock()) - ONE_LOOK
        lately = transaction.events_since(agent.key, since, (kinds.LOOKED,), MOST)
        if user_id not in [each.detail for each in lately]:
            by = Subject(agent.key, agent.address)
            seen = kit.event(Subject(user_id), KIND, detail=agent.name)
            transaction.record(seen, kit.event(by, kinds.LOOKED, detail=user_id))

    kit.store.run(work)
