"""Agents look at users, which is recorded and shown to the user."""

from ...core.records import Subject
from ...storage.transaction import Transaction
from ..context import Kit
from .records import Agent

KIND = "looked_at"
# Seconds in which further looks of the same agent at the same user are one.
ONE_LOOK = 900


def note(kit: Kit, agent: Agent, user_id: str) -> None:
    """Record that an agent looks at a user, once in a quarter of an hour."""

    def work(transaction: Transaction) -> None:
        since = int(kit.clock()) - ONE_LOOK
        lately = transaction.events_since(user_id, since, (KIND,), 20)
        if agent.name not in [each.detail for each in lately]:
            transaction.record(kit.event(Subject(user_id), KIND, detail=agent.name))

    kit.store.run(work)
