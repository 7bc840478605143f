"""The context of use cases, passed in by the caller."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from ..core.areas import AreaRegistry
from ..core.records import Event, Subject
from ..core.settings import Settings
from ..core.vault import Vault
from ..storage.store import Store, Tell
from ..storage.transaction import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Kit:
    """The parts of an application that the use cases need.

    `issued` numbers the challenges of passkeys that this worker has made; `undo_url` and
    `start_over_url` return the address of a link by its token, `None` if it is not known.
    """

    store: Store
    vault: Vault
    settings: Settings
    areas: AreaRegistry
    clock: Callable[[], float]
    notify: Tell
    undo_url: Callable[[str], str | None] = lambda _token: None
    start_over_url: Callable[[str], str | None] = lambda _token: None
    issued: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run_or_join(self, connection: Connection | None, work: Callable[[Transaction], T]) -> T:
        """Do the work in the host's transaction on `connection`, or in a new one for `None`."""
        if connection is None:
            return self.store.run(work)
        return self.store.join(connection, work)

    def teller(self, area: str, kind: str) -> Callable[[str, str], None]:
        """Start a timer for an answer; the returned function tells the host how it was judged.

        Args:
            area: key of the area.
            kind: "code", "recovery_code" or "passkey".
        """
        begun = time.perf_counter()

        def tell(result: str, user_id: str) -> None:
            seconds = round(time.perf_counter() - begun, 6)
            self.notify("judged", user_id, area=area, kind=kind, result=result, seconds=seconds)

        return tell

    def event(
        self, subject: Subject, kind: str, area: str | None = None, detail: str | None = None
    ) -> Event:
        """Return an event with the current time."""
        return Event(subject.user_id, int(self.clock()), kind, area, subject.address, detail)
