"""What every use case needs, handed in by the caller."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection

from ..config import Settings
from ..core.areas import AreaRegistry
from ..core.records import Event, Subject
from ..core.vault import Vault
from ..storage.store import Store
from ..storage.transaction import Transaction

InTransaction = Callable[[Connection, str, str, Mapping[str, Any]], object]


class Notify(Protocol):
    """Tells the host what happened; called after the commit."""

    def __call__(self, name: str, user_id: str, **facts: Any) -> None: ...


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Kit:
    """One application's parts below the web."""

    store: Store
    vault: Vault
    settings: Settings
    areas: AreaRegistry
    clock: Callable[[], float]
    notify: Notify
    in_transaction: InTransaction | None = None

    def join(self, transaction: Transaction, name: str, user_id: str, **facts: Any) -> None:
        """Let the host write what belongs to a change, together with it or not at all."""
        if self.in_transaction is not None:
            self.in_transaction(transaction.connection, name, user_id, facts)

    def run_or_join(
        self, connection: Connection | None, work: Callable[[Transaction], None]
    ) -> None:
        """Do the work in a transaction of its own, or in the one that the host has open."""
        if connection is None:
            self.store.run(work)
        else:
            self.store.join(connection, work)

    def event(
        self, subject: Subject, kind: str, area: str | None = None, detail: str | None = None
    ) -> Event:
        """An event of this moment."""
        return Event(subject.user_id, int(self.clock()), kind, area, subject.address, detail)
