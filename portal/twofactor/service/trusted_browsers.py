"""Trusted browsers, which need no code to sign in, if TWOFACTOR_TRUST_SECONDS allows it.

A trusted browser is a ticket, with a cookie `family.secret` in the browser. The family is the id of
the ticket and stays, as does its end. The secret changes with each use, so a copied cookie stops
working once either side has used it. An old secret therefore means that the cookie was copied. Then
the trust ends, and the owner is told, except for a moment: a browser that signs in twice at once
sends the same secret twice. The tickets are bound to the credential (`Subject`) and are
removed by deactivation, a new enrolment, a change of password or a reset.
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
# Seconds in which the secret before is taken as sent by the same browser at the same time.
TWIN_SECONDS = 10
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class TrustedBrowser:
    """A browser that needs no code to sign in.

    Args:
        digest: identifies the browser without revealing the id of its ticket.
        name: name of the browser, from its User-Agent.
        since: time when the trust began, Unix seconds.
        until: time when the trust ends, Unix seconds.
    """

    digest: str
    name: str
    since: int
    until: int


def remember(kit: Kit, subject: Subject, name: str) -> str:
    """Trust a browser; return the value of its cookie."""
    secret, of_secret = _secret()
    data = {"name": name, "since": int(kit.clock()), "secret": of_secret}
    seconds, bound = kit.settings.trust_seconds, (subject.credential,)
    made = tickets.made(kit, KIND, subject.user_id, seconds, data=data, bound=bound)

    def work(transaction: Transaction) -> str:
        family = tickets.issue(transaction, made)
        transaction.record(kit.event(subject, "browser_trusted", SIGN_IN, name))
        return f"{family}.{secret}"

    return kit.store.run(work)


def recognise(kit: Kit, subject: Subject, cookie: str) -> tuple[str, int] | None:
    """Give the ticket of a trusted browser a new secret; its end stays.

    If the secret was used before, the ticket is removed. Within TWIN_SECONDS of that use it stays
    as it is.

    The row is locked and changed, never written anew: a removal that waits for it, such as that of
    a reset, would not see a new row.

    Returns:
        The new value of the cookie and its remaining seconds, `None` if a code is needed. The value
        is empty if the browser gets the new one from its other request.
    """
    family, _, secret = cookie.partition(".")
    if kit.settings.trust_seconds == 0 or not (family and secret):
        return None
    now = kit.clock()
    hashed = tickets.digest(family, subject.credential)

    def work(transaction: Transaction) -> tuple[str, int] | None:
        ticket = transaction.held_ticket(hashed, KIND, subject.user_id, now)
        if ticket is None:
            return None
        data, left = tickets.data_of(kit, ticket), ticket.expires_at - int(now)
        name: str = data["name"]
        sent = tickets.digest(secret)
        if not hmac.compare_digest(data.get("secret", ""), sent):
            if _is_twin(data, sent, now):
                transaction.record(kit.event(subject, "browser_recognised", SIGN_IN))
                return "", left
            transaction.drop_ticket(hashed, KIND, subject.user_id)
            transaction.change(subject, changes.TrustReused(name))
            return None
        fresh, of_fresh = _secret()
        data |= {"secret": of_fresh, "before": sent, "rotated": int(now)}
        sealed = tickets.sealed(kit, subject.user_id, KIND, hashed, data)
        if not transaction.change_ticket(hashed, KIND, subject.user_id, {"sealed": sealed}):
            return None
        transaction.record(kit.event(subject, "browser_recognised", SIGN_IN))
        return f"{family}.{fresh}", left

    return kit.store.run(work)


def _is_twin(data: dict[str, Any], sent: str, now: float) -> bool:
    """Return whether a secret is the one before and was replaced only just now."""
    is_before = hmac.compare_digest(data.get("before", ""), sent)
    return is_before and now - data["rotated"] < TWIN_SECONDS


def _secret() -> tuple[str, str]:
    """Return a new secret for a cookie, and its digest for the ticket."""
    secret = secrets.token_urlsafe(32)
    return secret, tickets.digest(secret)


def listed(kit: Kit, user_id: str) -> list[TrustedBrowser]:
    """Return the trusted browsers of a user."""
    found = []
    for ticket in kit.store.tickets(user_id, KIND, kit.clock()):
        data = tickets.data_of(kit, ticket)
        found.append(TrustedBrowser(ticket.digest, data["name"], data["since"], ticket.expires_at))
    return found


def revoke(kit: Kit, subject: Subject, digest: str) -> bool:
    """Stop trusting a browser; return whether it was trusted."""
    if not _DIGEST.fullmatch(digest):
        return False

    def work(transaction: Transaction) -> bool:
        gone = transaction.drop_ticket(digest, KIND, subject.user_id)
        if gone:
            transaction.record(kit.event(subject, "browser_forgotten", SIGN_IN))
        return gone

    return kit.store.run(work)
