"""Known browsers, which passed a second step before.

Wrong codes from known browsers are counted separately. Wrong codes of a stranger therefore hold
only unknown browsers, and the owner can still sign in on a known browser. A known browser is asked
for a code as any other. It has a random id in its own cookie (`twofactor_known`), and is known for
TWOFACTOR_KNOWN_SECONDS or until the credential changes.
"""

import secrets

from ..core.records import KNOWN, Account, Hold, Subject, Ticket
from ..core.throttle import DAY, held_until
from ..storage.transaction import Transaction
from . import tickets
from .context import Kit

# Known browsers of a user. A new one replaces the one that expires first.
MOST = 10


def digest(subject: Subject) -> str:
    """Return the digest of the id that the browser sent, "" if it sent none."""
    return tickets.digest(subject.known) if subject.known else ""


def account(kit: Kit, transaction: Transaction, subject: Subject) -> Account | None:
    """Return the account of a user with the known browser of the request, and lock it."""
    return transaction.account_asked(subject.user_id, digest(subject), kit.clock())


def is_known(subject: Subject, account: Account) -> bool:
    """Return whether the browser is known; `account` is a result of the function `account`."""
    browser = account.browser
    return browser is not None and secrets.compare_digest(browser.bound, subject.bound)


def beside(kit: Kit, subject: Subject) -> Account | None:
    """Return the same without a lock, for a page."""
    return kit.store.account(subject.user_id, digest(subject))


def hold(subject: Subject, account: Account, now: float) -> Hold | None:
    """Return the hold of codes after wrong ones, `None` if this browser and all others may try.

    Args:
        subject: user and browser.
        account: a result of the function `account` or `beside`.
        now: Unix seconds.
    """
    known = is_known(subject, account)
    until = held_until(account.schedule, account.known if known else account.codes, now)
    if until is not None:
        return Hold(until)
    until = held_until(account.schedule, account.codes, now) if known else None
    return None if until is None else Hold(until, here=False)


def note(
    kit: Kit, transaction: Transaction, subject: Subject, account: Account, *others: Ticket
) -> str:
    """Make a browser that passed a second step known, or extend the time it is known.

    Args:
        kit: the application's parts.
        transaction: the transaction that judged the answer.
        subject: user and browser.
        account: a result of the function `account` in this transaction.
        others: tickets to write in the same statement.

    Returns:
        The id to send to the browser, "" if there is none to send.
    """
    seconds, now = kit.settings.known_seconds, int(kit.clock())
    browser = account.browser if subject.keeps and is_known(subject, account) else None
    # Programs that keep no cookies would take the places of the owner's browsers.
    if browser is not None or seconds == 0 or not subject.keeps:
        transaction.add_ticket(*others)
        # Extended at most once a day, so that most successes write nothing more.
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
    """Return a new id and its ticket, which the caller must write."""
    known_id = secrets.token_urlsafe(32)
    expires_at = int(kit.clock()) + kit.settings.known_seconds
    hashed = tickets.digest(known_id)
    return known_id, Ticket(hashed, subject.user_id, KNOWN, subject.bound, None, expires_at)
