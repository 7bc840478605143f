"""Look at an undo link, and undo its change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from ...core import vault
from ...core.records import UNDO, Account, Authenticator, Subject, Ticket
from ...core.undo import ChangeUndone, PutsBack, Snapshot, UndoOver, of_data, puts_back
from ...methods import registry
from ...storage.transaction import Transaction
from .. import tickets
from ..context import Kit


@dataclass(frozen=True, slots=True)
class Undoing:
    """The work of an undo link, if it is used now. Times are Unix seconds.

    Args:
        user_id: key of the user.
        what: name of the signal of the change.
        facts: of the change, as its signal carried them.
        at: time of the change.
        until: time when the link expires.
        puts_back: what would be done.
    """

    user_id: str
    what: str
    facts: Mapping[str, Any]
    at: int
    until: int
    puts_back: PutsBack

    @property
    def lowers(self) -> bool:
        """Return whether the account would be less protected than now."""
        return self.puts_back.lowers


@dataclass(frozen=True, slots=True)
class Undone:
    """The work of an undo that is done; the fields are those of `Undoing`."""

    user_id: str
    what: str
    facts: Mapping[str, Any]
    at: int
    puts_back: PutsBack

    @property
    def lowered(self) -> bool:
        """Return whether the account is less protected than before the undo."""
        return self.puts_back.lowers


@dataclass(frozen=True, slots=True)
class _Found:
    """A link with the states that it compares."""

    ticket: Ticket
    snapshot: Snapshot
    now: Account | None
    taken: frozenset[str]
    used: bool = field(kw_only=True)

    @property
    def plan(self) -> PutsBack:
        before = self.snapshot.account
        return puts_back(self.now, before, recovery_used=self.used, taken=self.taken)


def undoing(kit: Kit, digest: str) -> Undoing | None:
    """Return what a link would do; `None` if it was used, has expired or is none.

    Args:
        kit: the application's parts.
        digest: digest of the link's token (`tickets.digest`).

    Raises:
        KeyMissing: the snapshot was sealed under a key that is not configured.
        SealBroken: it was altered, or is another user's.
    """

    def work(transaction: Transaction) -> Undoing | None:
        found = _find(kit, transaction, digest, lock=False)
        if found is None:
            return None
        told, user_id = found.snapshot, found.ticket.user_id
        until = found.ticket.expires_at
        return Undoing(user_id, told.what, told.facts, told.at, until, found.plan)

    return kit.store.run(work)


def undo(
    kit: Kit,
    digest: str,
    address: str | None = None,
    connection: Connection | None = None,
    leave: Callable[[Undone], Ticket] | None = None,
) -> Undone:
    """Undo a change: put back what was before it, and end all that was begun since.

    Args:
        kit: the application's parts.
        digest: digest of the link's token.
        address: network address of the client, for the event.
        connection: an open transaction of the host's to join; default one of its own.
        leave: makes a ticket to write, for the page that tells what was done.

    Raises:
        UndoOver: the link was used, has expired or is none. Nothing was done.
        KeyMissing, SealBroken: as `undoing`. Nothing was done, and the link still works.
    """

    def work(transaction: Transaction) -> Undone:
        found = _find(kit, transaction, digest, lock=True)
        if found is None or not transaction.end_ticket(digest, UNDO):
            raise UndoOver("the link is over")
        told, plan, user_id = found.snapshot, found.plan, found.ticket.user_id
        _put_back(kit, transaction, found, plan)
        transaction.drop_tickets_after(user_id, found.ticket.expires_at)
        done = Undone(user_id, told.what, told.facts, told.at, plan)
        if leave is not None:
            transaction.add_ticket(leave(done))
        change = ChangeUndone(told.what, plan.lowers)
        transaction.change(Subject(user_id, address), change)
        return done

    return kit.run_or_join(connection, work)


def _find(kit: Kit, transaction: Transaction, digest: str, *, lock: bool) -> _Found | None:
    ticket = transaction.ticket(digest, UNDO, kit.clock())
    if ticket is None or not kit.settings.undo_seconds:
        return None
    user_id = ticket.user_id
    # The lock of the account comes first, as in every other transaction.
    now = transaction.account(user_id, lock=lock)
    snapshot = of_data(user_id, tickets.data_of(kit, ticket))
    used = transaction.recovery_code_used_since(user_id, snapshot.at, lock=lock)
    own = {each.id for each in now.authenticators} if now else set()
    rows = snapshot.account.authenticators if snapshot.account else ()
    taken = frozenset(
        each.id
        for each in rows
        if each.credential is not None
        and each.id not in own
        and transaction.passkey(each.credential) not in own | {None}
    )
    return _Found(ticket, snapshot, now, taken, used=used)


def _put_back(kit: Kit, transaction: Transaction, found: _Found, plan: PutsBack) -> None:
    before, now = found.snapshot.account, found.now
    user_id = found.ticket.user_id
    transaction.clear_account(user_id, keep=plan.on and now is not None)
    if before is None or not plan.on:
        return
    kept = before if plan.recovery_code != "none" else replace(before, recovery_hash=None)
    transaction.put_account(now, kept)
    there = {each.id: each for each in now.authenticators} if now else {}
    for each in before.authenticators:
        if each.id not in found.taken:
            row = _row(kit, each, found.snapshot.secrets.get(each.id), there.get(each.id))
            transaction.add_authenticator(row)


def _row(
    kit: Kit, each: Authenticator, secret: bytes | None, present: Authenticator | None
) -> Authenticator:
    """Return the row of an authenticator of the snapshot, as it is written now.

    Its number never goes back, and no code that was seen before now works. A passkey that comes
    back does not sign in alone.
    """
    sealed, flags, used_at = each.sealed, each.flags, each.last_used_at
    if secret is not None:
        if present is None:
            secret, flags = registry.brought_back(each, secret)
        sealed = kit.vault.seal(secret, vault.AUTHENTICATOR, each.user_id, each.id)
    numbers = [each.last_step, registry.method(each.kind).seen_by(kit.clock())]
    if present is not None:
        numbers.append(present.last_step)
        flags, used_at = present.flags, present.last_used_at
    return replace(each, sealed=sealed, last_step=max(numbers), flags=flags, last_used_at=used_at)
