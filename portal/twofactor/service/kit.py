"""What every use case needs, handed in by the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..config import Settings
from ..core.areas import AreaRegistry
from ..core.records import Event, Subject
from ..core.vault import Vault
from ..storage.store import Store


class Notify(Protocol):
    """Tells the host what happened; called after the commit."""

    def __call__(self, name: str, user_id: str, **facts: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Kit:
    """One application's parts below the web."""

    store: Store
    vault: Vault
    settings: Settings
    areas: AreaRegistry
    clock: Callable[[], float]
    notify: Notify

    def event(
        self, subject: Subject, kind: str, area: str | None = None, detail: str | None = None
    ) -> Event:
        """An event of this moment."""
        return Event(subject.user_id, int(self.clock()), kind, area, subject.address, detail)
