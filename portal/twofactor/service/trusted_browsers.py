"""Trusted browsers: for the area `sign_in` alone, and only where the operator allows it.

A record on the server, known to the browser by a cookie of its own: `family.secret`. The family
names the record and stays, the secret is another one at each use, and the end stays where it was.
So a copied cookie is worth nothing once either side has used it, and when the other side comes
with a secret of before, somebody has a copy: then the trust ends, whoever was first, and the owner
is told. They go with everything else half done of a user: at deactivation, a new enrolment, a
change of password, a reset; and they are bound to the credential (`Subject`).
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any

from ..core import changes
from ..core.areas import SIGN_IN
from ..core.records import Subject
from ..storage.transaction import Transaction
from . import tickets
from .context import Kit

KIND = "trust"
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
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
    """Trust a browser from now on; returns what its cookie holds."""
    seconds = kit.settings.trust_seconds
    data = {"name": name, "since": int(kit.clock())}

    def work(transaction: Transaction) -> str:
        cookie = _issue(kit, transaction, subject, seconds, data)
        transaction.record(kit.event(subject, "browser_trusted", SIGN_IN, name))
        return cookie

    return kit.store.run(work)


def recognise(kit: Kit, subject: Subject, cookie: str) -> tuple[str, int] | None:
    """Take the record of a trusted browser and leave another with the same end.

    A secret that was used before takes the record and leaves none.

    Returns:
        What the cookie holds from now on and the seconds it has left, or `None`: then a code is
        asked.
    """
    family, _, secret = cookie.partition(".")
    if kit.settings.trust_seconds == 0 or not (family and secret):
        return None
    now = kit.clock()
    hashed = tickets.digest(family, subject.credential)

    def work(transaction: Transaction) -> tuple[str, int] | None:
        taken = transaction.take_ticket(hashed, KIND, subject.user_id, now)
        if taken is None:
            return None
        data = tickets.data_of(kit, taken)
        name: str = data["name"]
        if not hmac.compare_digest(data.get("secret", ""), tickets.digest(secret)):
            transaction.change(subject, changes.TrustReused(name))
            return None
        left = taken.expires_at - int(now)
        fresh = _issue(kit, transaction, subject, left, data, family)
        transaction.record(kit.event(subject, "browser_recognised", SIGN_IN))
        return fresh, left

    return kit.store.run(work)


def _issue(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    seconds: int,
    data: dict[str, Any],
    family: str = "",
) -> str:
    """Write the record of a browser with a new secret; returns what its cookie holds."""
    secret = secrets.token_urlsafe(32)
    data = data | {"secret": tickets.digest(secret)}
    bound = (subject.credential,)
    user_id = subject.user_id
    made = tickets.made(kit, KIND, user_id, seconds, data=data, bound=bound, ticket_id=family)
    family = tickets.issue(transaction, made)
    return f"{family}.{secret}"


def listed(kit: Kit, user_id: str) -> list[TrustedBrowser]:
    """The browsers that a user trusts."""
    found = []
    for ticket in kit.store.tickets(user_id, KIND, kit.clock()):
        data = tickets.data_of(kit, ticket)
        found.append(TrustedBrowser(ticket.digest, data["name"], data["since"], ticket.expires_at))
    return found


def revoke(kit: Kit, subject: Subject, digest: str) -> bool:
    """Trust a browser no more; returns whether it was trusted."""
    if not _DIGEST.fullmatch(digest):
        return False

    def work(transaction: Transaction) -> bool:
        gone = transaction.drop_ticket(digest, KIND, subject.user_id)
        if gone:
            transaction.record(kit.event(subject, "browser_forgotten", SIGN_IN))
        return gone

    return kit.store.run(work)
