"""Counts over all accounts, computed by the database."""

from collections import Counter

from sqlalchemy import case, func, select

from .rows import keys_of
from .tables import Tables
from .transactions import Transactions


class Counting:
    """The part of `Store` that counts."""

    _transactions: Transactions
    _tables: Tables

    def count_by_areas(self) -> dict[frozenset[str], int]:
        """Return the number of accounts by their choice of areas. There are few choices."""
        areas = self._tables.account.c.areas
        statement = select(areas, func.count()).group_by(areas)
        with self._transactions.reading(patiently=True) as connection:
            found: Counter[frozenset[str]] = Counter()
            for text, count in connection.execute(statement):
                found[keys_of(text)[0]] += count
            return dict(found)

    def count_events(self, since: int, seconds: int) -> dict[tuple[int, str], int]:
        """Return the number of events by period and kind.

        Args:
            since: start of the first period, Unix seconds.
            seconds: length of a period.

        Returns:
            Counts by the number of the period, from 0, and the kind. The kind of an undone change
            is followed by the detail of its event, e.g. "undone activated (lowered)".
        """
        event = self._tables.event
        period = ((event.c.at - since) // seconds).label("period")
        undone = case((event.c.kind == "undone", event.c.detail), else_=None).label("undone")
        statement = (
            select(period, event.c.kind, undone, func.count())
            .where(event.c.at >= since)
            .group_by(period, event.c.kind, undone)
        )
        with self._transactions.reading(patiently=True) as connection:
            return {
                (int(at), f"{kind} {what}" if what else kind): count
                for at, kind, what, count in connection.execute(statement)
            }

    def first_event_at(self) -> int | None:
        """Return the time of the oldest event (Unix seconds), `None` if there is none."""
        with self._transactions.reading(patiently=True) as connection:
            found = connection.execute(select(func.min(self._tables.event.c.at))).scalar_one()
            return None if found is None else int(found)

    def count_passkeys(self, synced: int) -> tuple[int, int]:
        """Return the number of passkeys, and of those that are on several devices.

        Args:
            synced: flag of a passkey that is on several devices (`methods.flags.SYNCED`).
        """
        authenticator = self._tables.authenticator
        flags = func.coalesce(authenticator.c.flags, 0)
        copied = func.sum(case((flags.op("&")(synced) != 0, 1), else_=0))
        statement = select(func.count(), func.coalesce(copied, 0))
        statement = statement.where(authenticator.c.credential.is_not(None))
        with self._transactions.reading(patiently=True) as connection:
            count, copies = connection.execute(statement).one()
            return int(count), int(copies)

    def count_by_kinds(self) -> tuple[int, int, int]:
        """Return the numbers of accounts with an app, with a passkey, and with both."""
        table = self._tables.authenticator
        is_app = case((table.c.credential.is_(None), 1), else_=0)
        each = (
            select(
                func.max(is_app).label("app"),
                func.max(1 - is_app).label("passkey"),
            )
            .group_by(table.c.user_id)
            .subquery()
        )
        sums = (each.c.app, each.c.passkey, each.c.app * each.c.passkey)
        statement = select(*(func.coalesce(func.sum(number), 0) for number in sums))
        with self._transactions.reading(patiently=True) as connection:
            apps, passkeys, both = connection.execute(statement).one()
            return int(apps), int(passkeys), int(both)

    def count_old(self, now: float, before: int) -> int:
        """Return the number of expired tickets plus that of events from before a time."""
        ticket, event = self._tables.ticket, self._tables.event
        with self._transactions.reading(patiently=True) as connection:
            return sum(
                connection.execute(select(func.count()).where(condition)).scalar_one()
                for condition in (ticket.c.expires_at <= int(now), event.c.at < before)
            )

    def count_sealed(self) -> int:
        """Return the number of sealed values."""
        with self._transactions.reading(patiently=True) as connection:
            return sum(
                connection.execute(
                    select(func.count()).select_from(table).where(table.c.sealed.is_not(None))
                ).scalar_one()
                for table in (self._tables.authenticator, self._tables.ticket)
            )
