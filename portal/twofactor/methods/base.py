"""What a kind of authenticator must be able to do."""

from typing import Protocol


class Method(Protocol):
    """One kind of authenticator whose answer is a code of a time step."""

    @property
    def kind(self) -> str:
        """Stable name, stored with each authenticator."""

    @property
    def label(self) -> str:
        """What people read, e.g. as the first name of a new authenticator."""

    def new_secret(self) -> bytes:
        """A fresh secret from the system's generator."""

    def matched_step(self, secret: bytes, code: str, now: float, window: int) -> int | None:
        """The time step whose code this is, looking `window` steps either side of `now`."""
