"""Trusted browsers: for the area `sign_in` alone, and only where the operator allows it.

A record on the server, known to the browser by a random id in a cookie of its own. Each use takes
the record and leaves another, so that a copied cookie is worth nothing once either side has used
it; the end stays where it was. They go with everything else half done of a user: at deactivation,
a new enrolment, a change of password, a reset; and they are bound to the credential (`Subject`).
"""

from dataclasses import dataclass

from ..core.areas import SIGN_IN
from ..core.records import Subject
from ..storage.transaction import Transaction
from . import tickets
from .kit import Kit

KIND = "trust"


@dataclass(frozen=True, slots=True, eq=False)
class TrustedBrowser:
    """A browser where signing in asks for no code.

    Args:
        digest: names it, and tells nothing about its id.
        name: the browser as it calls itself.
        since: Unix seconds.
        until: Unix seconds.
    """

    digest: str
    name: str
    since: int
    until: int


def remember(kit: Kit, subject: Subject, name: str) -> str:
    """Trust a browser from now on; returns the id for its cookie."""
    seconds = kit.settings.trust_seconds
    data = {"name": name, "since": int(kit.clock())}

    def work(transaction: Transaction) -> str:
        bound = (subject.credential,)
        ticket_id = tickets.issue(
            kit, transaction, KIND, subject.user_id, seconds, data=data, bound=bound
        )
        transaction.record(kit.event(subject, "browser_trusted", SIGN_IN, name))
        return ticket_id

    return kit.store.run(work)


def recognise(kit: Kit, subject: Subject, ticket_id: str) -> tuple[str, int] | None:
    """Take the record of a trusted browser and leave another with the same end.

    Returns:
        The new id and the seconds it has left, or `None`: then a code is asked.
    """
    if kit.settings.trust_seconds == 0:
        return None
    now = kit.clock()

    def work(transaction: Transaction) -> tuple[str, int] | None:
        hashed = tickets.digest(ticket_id, subject.credential)
        taken = transaction.take_ticket(hashed, KIND, subject.user_id, now)
        if taken is None:
            return None
        left = taken.expires_at - int(now)
        data = tickets.data_of(kit, taken)
        bound = (subject.credential,)
        fresh = tickets.issue(kit, transaction, KIND, subject.user_id, left, data=data, bound=bound)
        transaction.record(kit.event(subject, "browser_recognised", SIGN_IN))
        return fresh, left

    return kit.store.run(work)


def listed(kit: Kit, user_id: str) -> list[TrustedBrowser]:
    """The browsers that a user trusts."""
    found = []
    for ticket in kit.store.tickets(user_id, KIND, kit.clock()):
        data = tickets.data_of(kit, ticket)
        found.append(TrustedBrowser(ticket.digest, data["name"], data["since"], ticket.expires_at))
    return found


def revoke(kit: Kit, subject: Subject, digest: str) -> bool:
    """Trust a browser no more; returns whether it was trusted."""

    def work(transaction: Transaction) -> bool:
        gone = transaction.drop_ticket(digest, KIND, subject.user_id)
        if gone:
            transaction.record(kit.event(subject, "browser_forgotten", SIGN_IN))
        return gone

    return kit.store.run(work)
