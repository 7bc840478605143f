"""Use cases of the user's password, which the host checks: it was given, or it was changed."""

from sqlalchemy import Connection

from ..core.errors import StorageUnavailable
from ..core.records import EXECUTED, Account, Ticket
from ..core.throttle import CODES, NO_ATTEMPTS, aged
from ..storage.transaction import Transaction
from . import tickets
from .context import Kit

ATTEMPTS = 5
# Seconds of the longest budget. Wrong codes are forgotten once in this time.
MONTH = max(budget.seconds for budget in CODES.budgets)


def password_changed(
    kit: Kit, user_id: str, connection: Connection | None = None, *, proved: bool = False
) -> None:
    """Remove all tickets of a user, and end the wait after wrong codes.

    Earlier wrong codes still count in the budget of thirty days, so that repeated changes of the
    password give no additional guesses.

    Args:
        kit: the application's parts.
        user_id: key of the user.
        connection: connection of a transaction of the host to join.
        proved: whether the owner proved the identity by more than the old password. Then all past
            attempts are cleared, once in thirty days: who reads the owner's mails can have the
            password changed again and again.
    """

    def work(transaction: Transaction) -> None:
        # The lock of the account comes first, as in every other transaction.
        _forgive(kit, transaction, user_id, proved)
        transaction.drop_tickets(user_id)

    kit.run_or_join(connection, work)


def _forgive(kit: Kit, transaction: Transaction, user_id: str, proved: bool) -> None:
    """Clear past attempts.

    In the host's transaction SQLite may hold no lock yet, so the update compares and is repeated.
    """
    forgets = False
    for _ in range(ATTEMPTS):
        account = transaction.account(user_id, lock=True)
        if account is None or not _counted(account):
            return
        now = kit.clock()
        codes, known = aged(account.codes, now), aged(account.known, now)
        forgets = forgets or (proved and _forgets(kit, transaction, account))
        if forgets:
            codes, known = NO_ATTEMPTS, NO_ATTEMPTS
        if transaction.set_figures(account, codes, known):
            return
    raise StorageUnavailable("wrong codes were counted all the while")


def _forgets(kit: Kit, transaction: Transaction, account: Account) -> bool:
    """Return whether all wrong codes may be forgotten, and note it if that gives more guesses."""
    now = int(kit.clock())
    if all(at <= now - MONTH for each in (account.codes, account.known) for at in each.recent):
        return True
    # This kind of ticket outlives a change of the password.
    digest = tickets.digest("forgotten", account.user_id)
    if transaction.ticket(digest, EXECUTED, now) is not None:
        return False
    transaction.end_ticket(digest, EXECUTED)
    note = Ticket(digest, account.user_id, EXECUTED, str(now), None, now + MONTH)
    return transaction.add_ticket_once(note)


def _counted(account: Account) -> bool:
    figures = (account.codes, account.known)
    return bool(account.recovery.recent) or any(each.run or each.recent for each in figures)


def leave_password_proof(kit: Kit, user_id: str) -> str:
    """Store for a while that the password was just entered in this session; return the id."""
    proof, ticket = password_proof(kit, user_id, int(kit.clock()))
    kit.store.run(lambda tx: tx.add_ticket(ticket))
    return proof


def password_proof_since(kit: Kit, user_id: str, proof: str | None) -> int | None:
    """Return when the password was entered (Unix seconds), `None` if the proof holds no more."""
    if proof is None:
        return None
    ticket = kit.store.ticket(tickets.digest(proof), tickets.PASSWORD, kit.clock())
    if ticket is None or ticket.user_id != user_id:
        return None
    return ticket.expires_at - kit.settings.fresh_seconds


def password_proof(kit: Kit, user_id: str, given: int) -> tuple[str, Ticket]:
    """Return id and ticket of a proof that the password was entered at `given` (Unix seconds).

    The caller must write the ticket.
    """
    seconds = kit.settings.fresh_seconds - (int(kit.clock()) - given)
    return tickets.made(kit, tickets.PASSWORD, user_id, seconds)
