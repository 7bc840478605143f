"""Forget wrong codes when the password changes: who typed them no longer knows it."""

from sqlalchemy import Connection

from ..core.errors import StorageUnavailable
from ..core.records import Account
from ..core.throttle import NO_ATTEMPTS, aged
from ..storage.transaction import Transaction
from .context import Kit

ATTEMPTS = 5


def password_changed(
    kit: Kit, user_id: str, connection: Connection | None = None, *, proved: bool = False
) -> None:
    """End everything half done of a user, and let codes be judged again.

    Wrong codes of before still count in the budget of thirty days: somebody who could change the
    password again and again would get no more guesses than that.

    Args:
        kit: the application's parts.
        user_id: whose password.
        connection: of a transaction of the host's that does more.
        proved: whether more than the old password has shown that it is the owner; then all that
            was counted is forgotten.
    """

    def work(transaction: Transaction) -> None:
        # The lock of the account comes first, as in every other transaction.
        _forgive(kit, transaction, user_id, proved)
        transaction.drop_tickets(user_id)

    kit.run_or_join(connection, work)


def _forgive(kit: Kit, transaction: Transaction, user_id: str, proved: bool) -> None:
    """In a host's transaction SQLite may not have locked anything yet, so it compares."""
    for _ in range(ATTEMPTS):
        account = transaction.account(user_id, lock=True)
        if account is None or not _counted(account):
            return
        codes, known = NO_ATTEMPTS, NO_ATTEMPTS
        if not proved:
            now = kit.clock()
            codes, known = aged(account.codes, now), aged(account.known, now)
        if transaction.set_figures(account, codes, known):
            return
    raise StorageUnavailable("wrong codes were counted all the while")


def _counted(account: Account) -> bool:
    figures = (account.codes, account.known)
    return bool(account.recovery.recent) or any(each.run or each.recent for each in figures)
