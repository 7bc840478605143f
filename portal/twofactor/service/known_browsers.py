"""Known browsers: those that passed a second step before.

Wrong codes from a known browser are counted apart, so that a stranger who types wrong codes holds
the codes of strangers, and the owner is judged on the own browser. Being known opens nothing: the
code is asked as ever. A browser is known by a random id in a cookie of its own, for a time, and as
long as the credential stays that it was made with.
"""

import secrets

from ..core.records import KNOWN, Account, Subject, Ticket
from ..core.throttle import DAY
from ..storage.transaction import Transaction
from . import tickets
from .context import Kit

# Of one user; the one that would end first makes room.
MOST = 10


def digest(subject: Subject) -> str:
    """Return the digest of the id that the browser sent, empty where it sent none."""
    return tickets.digest(subject.known) if subject.known else ""


def account(kit: Kit, transaction: Transaction, subject: Subject) -> Account | None:
    """Read the account of whoever asks, with its lock and with what is known of the browser."""
    return transaction.account_asked(subject.user_id, digest(subject), kit.clock())


def is_known(subject: Subject, account: Account) -> bool:
    """Return whether the browser is a known one of this user, by what `account` has read."""
    browser = account.browser
    return browser is not None and secrets.compare_digest(browser.bound, subject.bound)


def note(
    kit: Kit, transaction: Transaction, subject: Subject, account: Account, *others: Ticket
) -> str:
    """Note that this browser passed a second step: it is known from now on, or for longer.

    Args:
        kit: the application's parts.
        transaction: where it is written.
        subject: who answered.
        account: as `account` has read it in this transaction.
        others: tickets to write in the same statement.

    Returns:
        The id to send to the browser, empty where there is nothing to send.
    """
    seconds, now = kit.settings.known_seconds, int(kit.clock())
    browser = account.browser if is_known(subject, account) else None
    if browser is not None or seconds == 0:
        transaction.add_ticket(*others)
        # Once a day is often enough, so that most successes write nothing more.
        if browser is None or browser.expires_at > now + seconds - DAY:
            return ""
        transaction.move_end(digest(subject), KNOWN, now + seconds)
        return subject.known
    known_id, ticket = made(kit, subject)
    if account.browsers < MOST:
        transaction.add_ticket(*others, ticket)
    else:
        transaction.add_ticket(*others)
        transaction.replace_browser(ticket, now)
    return known_id


def made(kit: Kit, subject: Subject) -> tuple[str, Ticket]:
    """Return a new id and its ticket, which is still to be written."""
    known_id = secrets.token_urlsafe(32)
    expires_at = int(kit.clock()) + kit.settings.known_seconds
    hashed = tickets.digest(known_id)
    return known_id, Ticket(hashed, subject.user_id, KNOWN, subject.bound, None, expires_at)
