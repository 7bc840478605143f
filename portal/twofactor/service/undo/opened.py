"""Undo links that were opened in a browser.

Opening one does nothing and uses nothing up, since programs that check mails open links, too. It is
exchanged for a ticket that only the session has, so that the token leaves the address bar.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ...core.records import UNDO, Ticket
from ...core.undo import PutsBack, UndoOver
from ...storage.transaction import Transaction
from .. import tickets
from ..context import Kit
from . import doing
from .doing import Undoing, Undone

# Kinds of tickets: of a link that a session has opened, and of what it has done with it.
OPENED = "undo_opened"
DONE = "undo_done"
# Longest time that a page may stay open, and in which the same form may come again, in seconds.
LONGEST = 3600
# Number of sessions that can have the links of a user open at once; the oldest go.
MOST = 20


class OtherOpened(Exception):
    """The session has opened another link since the page was made."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that this session has opened."""

    digest: str
    undoing: Undoing


def open_link(kit: Kit, token: str) -> str | None:
    """Exchange a link's token for the id of a ticket, for the session.

    Returns:
        The id; `None` if the link was used, has expired or is none.
    """
    now, digest = kit.clock(), tickets.digest(token)

    def work(transaction: Transaction) -> str | None:
        link = transaction.ticket(digest, UNDO, now)
        if link is None or not kit.settings.undo_seconds:
            return None
        user_id, seconds = link.user_id, min(LONGEST, link.expires_at - int(now))
        transaction.drop_challenges(user_id, OPENED, now, MOST - 1)
        data = {"undo": digest}
        return tickets.issue(transaction, tickets.made(kit, OPENED, user_id, seconds, data=data))

    return kit.store.run(work)


def opened(kit: Kit, ticket_id: str | None) -> Opened | None:
    """Return the link that a session has opened, `None` if it is over."""
    if ticket_id is None:
        return None
    ticket = kit.store.ticket(tickets.digest(ticket_id), OPENED, kit.clock())
    if ticket is None:
        return None
    digest = tickets.data_of(kit, ticket)["undo"]
    found = doing.undoing(kit, digest)
    return None if found is None else Opened(digest, found)


def take(kit: Kit, ticket_id: str | None, address: str | None, seen: str | None = None) -> Undone:
    """Undo the change of the link that a session has opened.

    Args:
        kit: the application's parts.
        ticket_id: what the session keeps of the link.
        address: network address of the client.
        seen: digest of the link that the page was about (`Opened.digest`), `None` for any.

    Raises:
        UndoOver: the link was used or has expired. Nothing was done.
        OtherOpened: the session has opened another link since. Nothing was done.
        KeyMissing, SealBroken: as `doing.undo`.
    """
    ticket = None
    if ticket_id is not None:
        ticket = kit.store.ticket(tickets.digest(ticket_id), OPENED, kit.clock())
    if ticket is None or ticket_id is None:
        raise UndoOver("no opened link")
    digest = tickets.data_of(kit, ticket)["undo"]
    if seen not in (None, digest):
        raise OtherOpened

    def leave(done: Undone) -> Ticket:
        data = {"what": done.what, "facts": dict(done.facts), "at": done.at, "undo": digest}
        data["puts_back"] = asdict(done.puts_back)
        bound, user_id = (DONE,), done.user_id
        made = tickets.made(
            kit, DONE, user_id, LONGEST, data=data, bound=bound, ticket_id=ticket_id
        )
        return made[1]

    return doing.undo(kit, digest, address, leave=leave)


def already(kit: Kit, ticket_id: str | None) -> Undone | None:
    """Return what a session has undone a moment ago, e.g. by the same form sent twice."""
    ticket = _done(kit, ticket_id)
    if ticket is None:
        return None
    data = tickets.data_of(kit, ticket)
    back = PutsBack(**{name: _tuple(value) for name, value in data["puts_back"].items()})
    facts: Mapping[str, Any] = {name: _tuple(value) for name, value in data["facts"].items()}
    return Undone(ticket.user_id, data["what"], facts, data["at"], back)


def already_with(kit: Kit, ticket_id: str | None) -> str | None:
    """Return the digest of the link with which a session has undone that."""
    ticket = _done(kit, ticket_id)
    found = None if ticket is None else tickets.data_of(kit, ticket).get("undo")
    return found if isinstance(found, str) else None


def _done(kit: Kit, ticket_id: str | None) -> Ticket | None:
    if ticket_id is None:
        return None
    return kit.store.ticket(tickets.digest(ticket_id, DONE), DONE, kit.clock())


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
