"""Use case: a browser that stays signed in after a second step.

A remember cookie of the host does not tell whether a second step was passed. A ticket beside it
does. It is bound to the credential, and ends with it and with the second factor.
"""

from ...core.records import Subject
from .. import tickets
from ..context import Kit

KIND = "stay"


def keep(kit: Kit, subject: Subject, seconds: int) -> str:
    """Issue the ticket; return its id, for the browser's cookie.

    Args:
        kit: the application's parts.
        subject: the user, who has passed the second step.
        seconds: lifetime.
    """
    made = tickets.made(kit, KIND, subject.user_id, seconds, bound=(subject.credential,))
    return kit.store.run(lambda tx: tickets.issue(tx, made))


def is_kept(kit: Kit, subject: Subject, ticket_id: str) -> bool:
    """Return whether the browser with this id stays signed in."""
    hashed = tickets.digest(ticket_id, subject.credential)
    found = kit.store.ticket(hashed, KIND, kit.clock())
    return found is not None and found.user_id == subject.user_id


def end(kit: Kit, subject: Subject, ticket_id: str) -> None:
    """End the ticket when the person signs out."""
    hashed = tickets.digest(ticket_id, subject.credential)
    kit.store.run(lambda tx: tx.drop_ticket(hashed, KIND, subject.user_id))
