"""The link with which a user who lost all devices starts over; it asks for the password as well.

Opening it does nothing, since programs that check mails open links, too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ...core import changes
from ...core.errors import NotOn
from ...core.help_desk import StartOverOver, StartOverSent
from ...core.records import Subject
from ...storage.transaction import Transaction
from .. import tickets, undo
from ..context import Kit

KIND = "start_over"
# Kind of the tickets that tell for a moment that a link was used.
DONE = "started_over"
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Link:
    """A link that works. Times are Unix seconds.

    Args:
        user_id: key of the user.
        by: the agent or operator who had it sent.
        reason: given by that person.
        until: time when it expires.
    """

    user_id: str
    by: str
    reason: str
    until: int


def offer(kit: Kit, user_id: str, by: str, reason: str) -> None:
    """Make a link, and tell the host, who mails it (signal `start_over`).

    Args:
        kit: the application's parts.
        user_id: key of the user.
        by: name of the operator, for the event.
        reason: reason, for the event.

    Raises:
        NotOn: two-factor authentication is off.
    """
    kit.store.run(lambda transaction: offer_in(kit, transaction, user_id, by, reason))


def offer_in(kit: Kit, transaction: Transaction, user_id: str, by: str, reason: str) -> None:
    """Make a link in an open transaction; arguments and errors as `offer`. Earlier links end."""
    if transaction.account(user_id, lock=True) is None:
        raise NotOn("no second factor")
    transaction.drop_unfinished(user_id, KIND, kit.clock())
    made = tickets.made(kit, KIND, user_id, DAY, data={"by": by, "reason": reason})
    token = tickets.issue(transaction, made)
    url = kit.start_over_url(token)
    further = {"until": made[1].expires_at, "start_over": token}
    further |= {"start_over_url": url} if url else {}
    transaction.change(Subject(user_id), StartOverSent(by, reason), further=further)


def opened(kit: Kit, token: str | None) -> Link | None:
    """Return the link of a token, `None` if it was used, has expired or is none."""
    if not token:
        return None
    ticket = kit.store.ticket(tickets.digest(token), KIND, kit.clock())
    if ticket is None:
        return None
    data = tickets.data_of(kit, ticket)
    return Link(ticket.user_id, data["by"], data["reason"], ticket.expires_at)


def complete(
    kit: Kit, token: str, address: str | None, first: Callable[[], object] | None = None
) -> Link:
    """Turn two-factor authentication off with the link, for a person who gave the password.

    Args:
        kit: the application's parts.
        token: of the link.
        address: network address of the client.
        first: function to call before, which sets a new password. That ends the link.

    Raises:
        StartOverOver: it was used, has expired or was ended. Nothing is turned off.
    """
    link = opened(kit, token)
    before = kit.store.account(link.user_id) if link is not None else None
    if link is None or before is None:
        raise StartOverOver("no link")
    if first is not None:
        first()
    bound, seconds = (DONE,), tickets.MOMENT
    _, left = tickets.made(kit, DONE, link.user_id, seconds, bound=bound, ticket_id=token)

    def work(transaction: Transaction) -> None:
        account = transaction.account(link.user_id, lock=True)
        taken = transaction.end_ticket(tickets.digest(token), KIND) or first is not None
        # Without the link, no account that was made meanwhile is turned off.
        if account is None or not taken or account.activated_at != before.activated_at:
            raise StartOverOver("over")
        transaction.remove_account(link.user_id, account)
        made = changes.Reset(link.by, link.reason), changes.Deactivated("operator")
        undo.change(kit, transaction, Subject(link.user_id, address), account, *made)
        transaction.add_ticket(left)

    kit.store.run(work)
    return link


def completed(kit: Kit, token: str) -> bool:
    """Return whether a link was used a moment ago, e.g. by the same form; it signs nobody in."""
    return kit.store.ticket(tickets.digest(token, DONE), DONE, kit.clock()) is not None
